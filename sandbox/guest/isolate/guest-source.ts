// Puts the parts that run inside an isolate into one script: each is a self-contained function, taken by its source text.
import { ANNOTATION_BUDGET, type LoadMessage } from '../../wire.ts'
import { MAX_ROWS } from '../../batch.ts'
import { type MailboxPlan } from '../host/mailbox.ts'
import { openBlobs } from './blobs.ts'
import { openJudge } from './judge.ts'
import { lockdown } from './lockdown.ts'
import { openLog } from './log.ts'
import { capture } from './primordials.ts'
import { openClock, openRunner } from './runner.ts'
import { viewSource } from './view-source.ts'

/** A function `(mailbox) => runner`, evaluated before the author's module and out of its reach. */
export function guestSource(plan: MailboxPlan, { limits }: LoadMessage, scriptName: string): string {
  const { times, ids, passedWord, erroredWord, scores } = plan
  const runnerPlan = JSON.stringify({ times, ids, passedWord, erroredWord })
  const judgeOptions = JSON.stringify({
    fileName: scriptName,
    annotationChars: limits.annotationChars,
    annotationBudget: limits.annotationChars * ANNOTATION_BUDGET,
    scores,
    maxRows: MAX_ROWS,
  })
  return `(function(mailbox){
'use strict'
const primordials=(${capture.toString()})()
const cells=new primordials.Doubles(mailbox),words=new primordials.Words(mailbox),longs=new primordials.Longs(mailbox)
const blobs=(${openBlobs.toString()})(primordials)
const log=(${openLog.toString()})(primordials,${limits.logChars})
const judge=(${openJudge.toString()})(primordials,cells,${judgeOptions})
const {state,clock}=(${openClock.toString()})(primordials,cells,words,${runnerPlan})
const views=${viewSource(plan)}(cells,words,longs,primordials,blobs)
;(${lockdown.toString()})(primordials,clock,log)
return (${openRunner.toString()})(primordials,{words,views,blobs,log,judge,state},${runnerPlan})
})`
}
