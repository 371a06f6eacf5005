// Puts the pieces that a socket reads together to the answers of a broker, each in one buffer of its size. No I/O.

/** An answer begins with the number of bytes that follow, at least those of the request's id. */
const HEAD_BYTES = 4
const MIN_ANSWER_BYTES = 4
/** No answer is longer: a fetch brings some 32 MB at most, or one batch of 16 MB. */
const MAX_ANSWER_BYTES = 512 * 1024 * 1024

/** Takes pieces, which it does not keep. After `refuse`, which is given why, it takes no more. */
export const wholeAnswers = (
  take: (answer: Buffer) => void,
  refuse: (error: Error) => void,
): ((piece: Buffer) => void) => {
  const head = Buffer.alloc(HEAD_BYTES)
  let headBytes = 0
  let answer: Buffer | undefined
  let answerBytes = 0
  let isRefused = false
  return piece => {
    if (isRefused) return
    for (let at = 0; at < piece.length;) {
      if (answer === undefined) {
        const copied = piece.copy(head, headBytes, at)
        at += copied
        headBytes += copied
        if (headBytes < HEAD_BYTES) return
        const bytes = head.readInt32BE(0)
        if (bytes < MIN_ANSWER_BYTES || bytes > MAX_ANSWER_BYTES) {
          isRefused = true
          return refuse(new Error(`an answer announces ${bytes} bytes; the peer is not a Kafka broker`))
        }
        answer = Buffer.allocUnsafeSlow(HEAD_BYTES + bytes)
        answerBytes = head.copy(answer)
        headBytes = 0
      }
      const copied = piece.copy(answer, answerBytes, at)
      at += copied
      answerBytes += copied
      if (answerBytes < answer.length) return
      const whole = answer
      answer = undefined
      take(whole)
    }
  }
}
