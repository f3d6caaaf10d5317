// Child processes without the loader that the test runner puts into NODE_OPTIONS of whatever is spawned: it is
// slow, and cannot load the extensionless bin/frontdesk.
export const NODE = 'env'
export const nodeArgs = (script: string, ...args: string[]): string[] => [
  '-u',
  'NODE_OPTIONS',
  process.execPath,
  script,
  ...args,
]
