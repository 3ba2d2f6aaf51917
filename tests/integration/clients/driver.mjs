// Runs the published clients for the tests: each line in is {id, op, ...}, each line out {id, result} or {id, thrown}.

import { createInterface } from 'node:readline'
import authJs from '@supabase/auth-js'
import { createClient } from '@supabase/supabase-js'
import authJsOlder from 'auth-js-older'

const API_KEY = 'sb_publishable_of_the_tests'

// Node before 22 has no WebSocket, which supabase-js asks for although nothing here listens.
const REALTIME = globalThis.WebSocket ? {} : { realtime: { transport: class {} } }

const MAKERS = {
  'auth-js 2.109': ({ url, fetch, ...auth }) => new authJsOlder.GoTrueClient({ url: `${url}/auth/v1`, fetch, ...auth }),
  'auth-js 2.119': ({ url, fetch, ...auth }) => new authJs.GoTrueClient({ url: `${url}/auth/v1`, fetch, ...auth }),
  'supabase-js 2.119': ({ url, fetch, ...auth }) =>
    createClient(url, API_KEY, { auth, global: { fetch }, ...REALTIME }).auth,
}

class Storage {
  constructor(items) {
    this.items = { ...items }
  }

  getItem(key) {
    return this.items[key] ?? null
  }

  setItem(key, value) {
    this.items[key] = value
  }

  removeItem(key) {
    delete this.items[key]
  }
}

// Between a client and the server: notes what is asked, loses answers, and holds one request or its answer.
class Network {
  asked = []
  toLose = 0
  gate = null

  fetch = async (address, options = {}) => {
    const { pathname, search } = new URL(address)
    this.asked.push(`${options.method ?? 'GET'} ${pathname.replace('/auth/v1', '')}${search}`)
    await this.pass('request')
    const answer = await fetch(address, options)
    await this.pass('answer')
    if (this.toLose > 0) {
      this.toLose -= 1
      await answer.arrayBuffer()
      throw new TypeError('fetch failed')
    }
    return answer
  }

  hold(what) {
    this.gate = { what }
    this.gate.reached = new Promise((resolve) => (this.gate.reach = resolve))
    this.gate.opened = new Promise((resolve) => (this.gate.open = resolve))
  }

  async pass(what) {
    const gate = this.gate
    if (gate?.what !== what) return
    this.gate = { ...gate, what: null } // holds one only
    gate.reach()
    await gate.opened
  }
}

const storages = new Map()
const clients = new Map()

async function call(name, method, args) {
  const path = method.split('.')
  const last = path.pop()
  const owner = path.reduce((object, part) => object[part], clients.get(name).auth)
  const { data = null, error = null } = (await owner[last](...args)) ?? {}
  if (!error) return { data, error }
  return { data, error: { name: error.name, status: error.status, code: error.code, reasons: error.reasons } }
}

// A page that a server renders: a client of its own, the cookies of the request, and those of the response, unless the
// page cannot write any (a server component). `calls` are made in turn; then a request is sent with the access token.
async function page({ url, cookies, writes, encode, calls }) {
  const { createServerClient } = await import('@supabase/ssr')
  const jar = new Map(Object.entries(cookies))
  const network = new Network()
  const { auth } = createServerClient(url, API_KEY, {
    cookies: {
      encode,
      getAll: () => [...jar].map(([name, value]) => ({ name, value })),
      setAll(written) {
        if (!writes) return
        for (const { name, value, options } of written) {
          if (options.maxAge === 0) jar.delete(name)
          else jar.set(name, value)
        }
      },
    },
    global: { fetch: network.fetch },
    ...REALTIME,
  })
  const answers = []
  for (const [method, ...args] of calls) {
    const { data = null, error = null } = (await auth[method](...args)) ?? {}
    answers.push(error ? { data, error: { name: error.name, status: error.status, code: error.code } } : { data, error })
  }
  const { data } = await auth.getSession()
  const headers = { Authorization: `Bearer ${data.session?.access_token}` }
  const me = await fetch(`${url}/api/me/`, { headers })
  return { answers, me: me.status, cookies: Object.fromEntries(jar), asked: network.asked }
}

const operations = {
  page,
  open({ kind, client, storage, items, url, autoRefresh }) {
    if (!storages.has(storage)) storages.set(storage, new Storage(items))
    const network = new Network()
    const auth = MAKERS[kind]({
      url,
      fetch: network.fetch,
      storage: storages.get(storage),
      autoRefreshToken: autoRefresh,
      persistSession: true,
      detectSessionInUrl: false,
    })
    const events = []
    auth.onAuthStateChange((event) => void events.push(event))
    clients.set(client, { auth, network, events, storage: storages.get(storage) })
    return auth.initialize()
  },
  call: ({ client, method, args }) => call(client, method, args),
  together: ({ clients: names, method, args }) => Promise.all(names.map((name) => call(name, method, args))),
  storage: ({ client }) => clients.get(client).storage.items,
  events: ({ client }) => clients.get(client).events,
  asked: ({ client }) => clients.get(client).network.asked,
  lose({ client, count }) {
    clients.get(client).network.toLose = count
  },
  hold({ client, what }) {
    clients.get(client).network.hold(what)
  },
  held: ({ client }) => clients.get(client).network.gate.reached,
  release({ client }) {
    clients.get(client).network.gate.open()
  },
  close: ({ client }) => clients.get(client).auth.stopAutoRefresh(),
}

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const { id, op, ...parameters } = JSON.parse(line)
  let reply
  try {
    reply = { result: (await operations[op](parameters)) ?? null }
  } catch (error) {
    reply = { thrown: String(error?.stack ?? error) }
  }
  process.stdout.write(`${JSON.stringify({ id, ...reply })}\n`)
})
lines.on('close', () => process.exit())
