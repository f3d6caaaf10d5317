export async function makeDemo(_app: unknown): Promise<string | null> {
  return null
}
