// Puts the parts that run inside an isolate into one script: each is a self-contained function, taken by its source text. The text is the same for all
// filters, so that it is compiled once in a process; what differs comes as arguments.
import { MAX_ROWS } from '../../columns/batch.ts'
import { ANNOTATION_BUDGET, type LoadMessage } from '../../protocol/wire.ts'
import { RerunFlag, type MailboxPlan } from '../mailbox/mailbox-plan.ts'
import { openBlobs } from './blobs.ts'
import { lockdown } from './lockdown.ts'
import { openLog } from './log.ts'
import { guardRecords } from './object-guards.ts'
import { capture } from './primordials.ts'
import { type ResultOptions, openResultReader } from './read-result.ts'
import { openRecords, type RecordsOptions } from './records.ts'
import { openClock, openRunner, type RunnerPlan } from './runner.ts'
import { addClone } from './structured-clone.ts'

export interface GuestOptions {
  readonly plan: RunnerPlan
  readonly results: ResultOptions
  readonly records: RecordsOptions
  readonly logChars: number
}

/** What differs between filters besides their views. */
export const guestOptions = (
  { times, ids, passedWord, erroredWord, rerunWord, scores }: MailboxPlan,
  { limits }: LoadMessage,
  { fileName, plain }: { readonly fileName: string; readonly plain: boolean },
): GuestOptions => ({
  plan: { times, ids, passedWord, erroredWord, rerunWord },
  records: { rerunWord, plain, flags: RerunFlag },
  results: {
    fileName,
    annotationChars: limits.annotationChars,
    annotationBudget: limits.annotationChars * ANNOTATION_BUDGET,
    scores,
    maxRows: MAX_ROWS,
  },
  logChars: limits.logChars,
})

/** A function `(mailbox, makeViews, options) => runner`, called before the author's module is there and out of its reach. */
export const GUEST_SOURCE = `(function(mailbox,makeViews,options){
'use strict'
const primordials=(${capture.toString()})()
const cells=new primordials.Doubles(mailbox),words=new primordials.Words(mailbox),longs=new primordials.Longs(mailbox)
const blobs=(${openBlobs.toString()})(primordials)
const log=(${openLog.toString()})(primordials,options.logChars)
const results=(${openResultReader.toString()})(primordials,cells,options.results)
const {state,clock}=(${openClock.toString()})(primordials,cells,words,options.plan)
const records=(${openRecords.toString()})(primordials,{words,log,state},options.records)
const views=makeViews(cells,words,longs,primordials,blobs,records)
;(${guardRecords.toString()})(primordials,records)
;(${addClone.toString()})(primordials)
;(${lockdown.toString()})(primordials,clock,log)
return (${openRunner.toString()})(primordials,{words,views,blobs,log,results,state},options.plan)
})`
