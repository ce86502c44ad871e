/** The token of a link that was sent: it stands behind the `#`, so that no server and no other page is told of it. */
export function tokenOf(hash: string): string {
  return hash.replace(/^#/, '').trim()
}
