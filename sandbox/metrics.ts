// Prometheus metrics of the sandbox, on the registry of the process that runs it.
import { Counter, Gauge, type Registry } from 'prom-client'

export interface SandboxMetrics {
  /** Hosts or containers there are now. */
  hosts(runtime: 'isolate' | 'container', state: 'working' | 'spare', count: number): void
  /** One was replaced. */
  restarted(runtime: 'isolate' | 'container', reason: string): void
}

/** Declares skysieve_sandbox_hosts and skysieve_sandbox_restarts_total. */
export function openSandboxMetrics(registry: Registry): SandboxMetrics {
  const hosts = new Gauge({
    name: 'skysieve_sandbox_hosts',
    help: 'Host processes and containers that run filters',
    labelNames: ['runtime', 'state'] as const,
    registers: [registry],
  })
  const restarts = new Counter({
    name: 'skysieve_sandbox_restarts_total',
    help: 'Host processes and containers that were replaced',
    labelNames: ['runtime', 'reason'] as const,
    registers: [registry],
  })
  return {
    hosts: (runtime, state, count) => hosts.set({ runtime, state }, count),
    restarted: (runtime, reason) => restarts.inc({ runtime, reason }),
  }
}
