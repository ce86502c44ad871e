import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import elementPlus from 'unplugin-element-plus/vite'
import { defineConfig, type Plugin } from 'vite'

const OUTPUT = fileURLToPath(new URL('../src/runyard/web/static', import.meta.url))
const COMPRESSIBLE = /\.(?:js|css|html|svg|json|txt)$/
const SMALLEST_WORTH_IT = 1024

/** Write a .gz and a .br beside every text file of the build, so that the server never compresses at run time. */
function precompress(): Plugin {
  return {
    name: 'runyard:precompress',
    apply: 'build',
    enforce: 'post',
    async closeBundle() {
      for (const entry of await readdir(OUTPUT, { recursive: true })) {
        // The server's own tools are read from the disk, and sent to nobody.
        if (entry.startsWith('tools/')) continue
        const path = join(OUTPUT, entry)
        if (!COMPRESSIBLE.test(entry) || (await stat(path)).size < SMALLEST_WORTH_IT) continue
        const source = await readFile(path)
        await writeFile(`${path}.gz`, await promisify(gzip)(source, { level: 9 }))
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 }
        await writeFile(`${path}.br`, await promisify(brotliCompress)(source, { params: quality }))
      }
    },
  }
}

/** Put the API reference's own files beside the page: it is shown by installations without any network. */
function apiReference(): Plugin {
  const source = fileURLToPath(new URL('node_modules/swagger-ui-dist', import.meta.url))
  return {
    name: 'runyard:api-reference',
    apply: 'build',
    async closeBundle() {
      for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
        await copyFile(join(source, name), join(OUTPUT, 'api-docs', name))
      }
    },
  }
}

/** Put the formatter of JavaScript beside the page: the server runs it, and installs nothing from npm itself. */
function formatter(): Plugin {
  const source = fileURLToPath(new URL('node_modules/prettier', import.meta.url))
  return {
    name: 'runyard:formatter',
    apply: 'build',
    async closeBundle() {
      const target = join(OUTPUT, 'tools', 'prettier')
      await mkdir(join(target, 'plugins'), { recursive: true })
      const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
        version: string
      }
      await writeFile(join(target, 'version.txt'), `${version}\n`)
      for (const name of ['standalone.mjs', 'plugins/babel.mjs', 'plugins/estree.mjs', 'LICENSE']) {
        await copyFile(join(source, name), join(target, name))
      }
    },
  }
}

/** The language servers' part of the same: what knows JavaScript, and the declarations of the language and of Node.js. */
function languageServer(): Plugin {
  const modules = fileURLToPath(new URL('node_modules', import.meta.url))
  return {
    name: 'runyard:language-server',
    apply: 'build',
    async closeBundle() {
      const target = join(OUTPUT, 'tools', 'typescript')
      // Scripts run in no browser: they need no declarations of its document.
      const wanted: Record<string, RegExp> = {
        'typescript-language-server': /^(?:package\.json|LICENSE|lib\/cli\.mjs)$/,
        typescript:
          /^(?:package\.json|LICENSE\.txt|lib\/(?:_?tsserver\.js|typescript\.js|lib\.(?:es|decorators)[\w.]*\.d\.ts))$/,
        '@types/node': /^(?:package\.json|LICENSE|.+\.d\.ts)$/,
        'undici-types': /^(?:package\.json|LICENSE|.+\.d\.ts)$/,
      }
      for (const [name, files] of Object.entries(wanted)) {
        for (const file of await readdir(join(modules, name), { recursive: true })) {
          if (!files.test(file)) continue
          await mkdir(dirname(join(target, 'node_modules', name, file)), { recursive: true })
          await copyFile(join(modules, name, file), join(target, 'node_modules', name, file))
        }
      }
    },
  }
}

/** Draw the library's icons by fewer parts: see src/ui/drawIcon.ts. */
function plainIcons(): Plugin {
  const drawing = fileURLToPath(new URL('src/ui/drawIcon.ts', import.meta.url))
  return {
    name: 'runyard:plain-icons',
    apply: 'build',
    enforce: 'pre',
    resolveId: {
      filter: { id: /[\\/]createLucideIcon\.mjs$/ },
      handler: () => drawing,
    },
  }
}

/** Words are told apart by their room and language, as in `words-runs.en`: all of them lie in files of one name. */
function chunkName({ facadeModuleId }: { facadeModuleId?: string | null }): string {
  const id = facadeModuleId ?? ''
  const [, room, language] =
    /src\/features\/(?:.+\/)?(\w+)\/messages\.([\w-]+)\.ts$/.exec(id) ??
    /src\/app\/messages\/together\/(\w+)\.([\w-]+)\.ts$/.exec(id) ??
    []
  return `assets/${room && language ? `words-${room}.${language}` : '[name]'}-[hash].js`
}

/** Name in the head what is wanted before any code has run to ask for it: public/theme.js knows which of it. */
function early(): Plugin {
  const wanted = /^assets\/(en|zh-CN|words-lists\.(?:en|zh-CN)|frame|lists|ScriptsPage)-[^/]+\.js$/
  return {
    name: 'runyard:early',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle = {} }) => {
        const files: Record<string, string[]> = {}
        for (const [file, chunk] of Object.entries(bundle)) {
          const name = wanted.exec(file)?.[1]
          // The component library names a word or two of its own like our messages.
          if (name === undefined || chunk.type !== 'chunk' || chunk.code.length < 500) continue
          files[name] = [...(files[name] ?? []), `/${file}`]
        }
        const content = JSON.stringify(files)
        return [{ tag: 'meta', attrs: { name: 'runyard-early', content }, injectTo: 'head-prepend' }]
      },
    },
  }
}

export default defineConfig({
  plugins: [
    vue(),
    elementPlus({}),
    plainIcons(),
    early(),
    apiReference(),
    formatter(),
    languageServer(),
    precompress(),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: 'true', __INTLIFY_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    // Inlined data: URIs would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        chunkFileNames: chunkName,
        codeSplitting: {
          // Few, well cached files: a browser on HTTP/1.1 fetches six at a time.
          groups: [
            { name: 'vendor', test: /node_modules[\\/](?:@vue|vue|vue-router|pinia|vue-i18n|@intlify)[\\/]/ },
            {
              name: 'codemirror',
              test: /node_modules[\\/](?:@codemirror[\\/](?!lsp-client|merge|lint)|@lezer|style-mod|crelt|w3c-keyname)[\\/]/,
            },
            {
              name: 'kit',
              test: /src[\\/](?:api|ui[\\/](?:i18n|state|keys|toast))[\\/]|messages[\\/]rooms\.ts|node_modules[\\/](?:@lucide|@vueuse|openapi-fetch)[\\/]|plugin-vue:export-helper|preload-helper|favicon\.svg/,
              minShareCount: 2,
            },
            {
              // Drawn around every page of who is logged in, and asked for before it is known which.
              name: 'frame',
              test: /src[\\/](?:app[\\/](?:frame[\\/](?!MoreSheet|ShortcutSheet)|queries|live)|features[\\/](?:auth[\\/](?:me\.ts|taste)|approvals[\\/](?:api|queries)\.ts|imports[\\/](?:dialog|ImportHost)|\w+[\\/]live\.ts|runs[\\/]states)|ui[\\/]menu[\\/])|node_modules[\\/]@tanstack[\\/](?:vue-query|query-core)[\\/]/,
              includeDependenciesRecursively: false,
            },
            {
              // What lists are made of. Each in a file of its own would be twenty requests.
              name: 'lists',
              test: /src[\\/](?:ui[\\/](?:EmptyState|ErrorState|ListSkeleton|PageHeader|FilterChips|RelativeTime|StateBadge|SectionTabs|LanguageIcon|PushButton)\.vue|features[\\/](?:scripts[\\/](?:api|actions|shelf)|runs[\\/]saveAs|start[\\/](?!messages)|imports[\\/](?:api|useImports|files|outcomes))|ui[\\/]form[\\/]sending)/,
              includeDependenciesRecursively: false,
            },
            { name: 'chart', test: /node_modules[\\/](?:echarts|zrender)[\\/]/ },
            {
              name: 'element',
              test: /node_modules[\\/](?:element-plus|@element-plus|@popperjs|lodash-es|@ctrl)[\\/]/,
              minShareCount: 4,
            },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: process.env.RUNYARD_SERVER ?? 'http://127.0.0.1:8700', ws: true },
    },
  },
})
