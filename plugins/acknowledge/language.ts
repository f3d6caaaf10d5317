// Which language an answer is in. The guess is small on purpose: it counts the commonest words of a language, and
// where that is not clear it says nothing.

const WORDS: Readonly<Record<string, string>> = {
  en: 'the and is are was have has you your we our this that with for not but please would could what when my of',
  de: 'der die das und ist sind war haben sie ihr wir nicht ein eine mit für auf bitte ich mein meine von dem den',
  fr: 'le la les et est sont vous votre nous je ne pas un une avec pour sur mon ma mes du des que qui bonjour merci',
  es: 'el la los las y es son usted su nosotros yo no un una con para por mi mis del que hola gracias está muy',
  it: 'il lo la gli e è sono lei suo noi io non un una con per mio mia della di che ciao grazie buongiorno molto',
  nl: 'de het een en is zijn was u uw wij ik niet met voor op mijn van dat die bedankt graag hallo kunt naar',
  pt: 'o a os as e é são você seu nós eu não um uma com para por meu minha do da que olá obrigado obrigada muito',
}
const SETS = new Map(Object.entries(WORDS).map(([language, words]) => [language, new Set(words.split(' '))]))

/** Fewer hits are chance: a name, a product, one foreign word. */
const ENOUGH = 3
const READ = 2000

/** @returns a language of `among`, or null where the text does not say. */
export function guessLanguage(text: string, among: readonly string[]): string | null {
  const words =
    text
      .slice(0, READ)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? []
  const hits = [...SETS]
    .map(([language, set]) => ({ language, count: words.filter((word) => set.has(word)).length }))
    .sort((a, b) => b.count - a.count)
  const [best, second] = hits
  if (!best || best.count < ENOUGH || best.count === second?.count) return null
  return findLanguage(best.language, among)
}

/** The entry for `language`: the same, or the one without the region. */
export function findLanguage(language: string | null | undefined, among: readonly string[]): string | null {
  if (!language) return null
  const wanted = language.toLowerCase()
  const find = (tag: string | undefined) => among.find((known) => known.toLowerCase() === tag)
  return find(wanted) ?? find(wanted.split('-', 1)[0]) ?? null
}
