// Whether a filter's annotations may be too long to be held until its visit closes: told to its author before any is left out. Pure.
import { heldAnnotationBytes } from '../cap/held-annotations.ts'
import { type Manifest } from '../manifest.ts'
import { type Problem, ProblemCode } from './parse/problem.ts'
import { DEFAULT_LIMITS } from './sandbox-program.ts'

/** For a source that can reach these names; undefined where annotations of any length are held, or it seems to give none. */
export function heldAnnotationsWarning(
  { policy, cap }: Pick<Manifest, 'policy' | 'cap'>,
  names: readonly string[],
): Problem | undefined {
  const { annotationChars } = DEFAULT_LIMITS
  const bytes = heldAnnotationBytes(cap)
  if (policy !== 'best' || bytes >= annotationChars || !names.includes('annotations')) return undefined
  const unbounded = Math.floor(heldAnnotationBytes(1) / annotationChars)
  const message = `under the policy best with cap ${cap} the annotations of an alert may have ${bytes} bytes, and longer ones are left out: write less, or lower the cap (up to ${unbounded} none is left out)`
  return { code: ProblemCode.unsupported, message }
}
