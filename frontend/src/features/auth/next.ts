/** Where to go after the login: a path of this page, never another site (`//evil`, `/\evil`, `javascript:`). */
export function safeNext(raw: unknown): string {
  return typeof raw === 'string' && /^\/(?![/\\])/.test(raw) && !raw.startsWith('/login') ? raw : '/'
}
