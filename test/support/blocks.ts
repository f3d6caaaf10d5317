// Code blocks of a document that name their file in the first line: `// file: src/index.ts`.
export function filesIn(markdown: string): Record<string, string> {
  const blocks = markdown.matchAll(/^```\w+\n(?:\/\/|--) file: (\S+)\n(.*?)^```$/gms)
  return Object.fromEntries([...blocks].map((match) => [match[1]!, match[2]!]))
}
