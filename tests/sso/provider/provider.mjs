// A real OpenID provider for the tests: oidc-provider with its own pages for signing in, and one client.
// Prints its issuer as JSON once it listens; what its people are is set by PUT /people, as JSON by login.
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

console.info = console.warn = console.error = () => undefined
const people = new Map()
let serve

const server = createServer((request, response) => {
  if (request.method !== 'PUT' || request.url !== '/people') {
    serve(request, response)
    return
  }
  let text = ''
  request.on('data', (part) => (text += part))
  request.on('end', () => {
    for (const [login, claims] of Object.entries(JSON.parse(text))) people.set(login, claims)
    response.writeHead(204).end()
  })
})

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username'],
      groups: ['groups'],
    },
    scopes: ['openid', 'profile', 'email', 'groups'],
    findAccount: (_context, login) => ({
      accountId: login,
      claims: () => ({ sub: login, preferred_username: login, ...people.get(login) }),
    }),
    pkce: { required: () => true },
    features: {
      backchannelLogout: { enabled: true },
      // The client is told of only once Runyard has an address; it is called what Runyard's settings call it.
      registration: { enabled: true, idFactory: () => 'runyard', secretFactory: () => process.env.CLIENT_SECRET },
      rpInitiatedLogout: { enabled: true },
    },
    // It refuses addresses of this machine, where the tests' installation is.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
    cookies: { keys: ['only for tests'] },
  })
  serve = provider.callback()
  process.stdout.write(`${JSON.stringify({ issuer })}\n`)
})

// Whoever started it has gone.
process.stdin.resume().on('end', () => process.exit(0))
