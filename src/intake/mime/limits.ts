// The bounds of parsing one mail. What lies beyond a bound is dropped with a warning; the raw mail is kept
// elsewhere, so nothing is lost. The parsers from npm are not bounded by themselves.

export const limits = Object.freeze({
  /** Bytes of one header field; longer ones are cut. References of 12 kB are real. */
  fieldBytes: 64 * 1024,
  /** Fields of one name that are read, and lines of all fields that are looked at one by one. */
  fieldsPerName: 50,
  /** The header block of one MIME part. */
  partHeaderBytes: 64 * 1024,
  /** Levels of multipart in multipart. */
  depth: 50,
  /** MIME parts that are read at all, and attachments that are kept of them. */
  parts: 1500,
  attachments: 500,
  addresses: 200,
  /** RFC 5322 §2.1.1: no line is longer than 998 characters; subjects, names and ids are cut there. */
  line: 998,
  filename: 200,
  /** References kept: the first (it names the conversation) and the last. */
  referencesLast: 100,
  htmlBytes: 1024 * 1024,
  htmlTags: 40_000,
  htmlDepth: 300,
  htmlTextDepth: 80,
  textBytes: 2 * 1024 * 1024,
  /** Text that is dug out of a mail whose structure cannot be read. */
  salvageBytes: 256 * 1024,
  /** Characters of a line that patterns are tried on. */
  patternLine: 500,
  /** The reply splitter looks at this many lines; a longer text is all reply. */
  replyLines: 50_000,
  recipients: 200,
  timeoutMs: 10_000,
  memoryMb: 300,
})
