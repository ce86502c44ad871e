// Runs before the first paint, so that a chosen theme and language never flash. A file of its own: the content
// security policy allows no inline script. Keep the keys in step with src/ui/state/preferences.ts.
;(function () {
  var root = document.documentElement
  var theme = null
  var language = null
  try {
    theme = localStorage.getItem('runyard.theme')
    language = localStorage.getItem('runyard.language')
  } catch (_) {
    // Storage can be forbidden; the system's own choices then hold.
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.classList.toggle('dark', dark)
  root.lang = language || (/^zh\b/i.test(navigator.language) ? 'zh-CN' : 'en')

  // What the page will ask for, fetched while its first code still comes.
  var named = document.querySelector('meta[name="runyard-early"]')
  if (!named) return
  var files = JSON.parse(named.content)
  var wanted = [root.lang]
  if (location.pathname !== '/login') wanted.push('frame')
  if (location.pathname === '/scripts') wanted.push('lists', 'ScriptsPage', 'words-lists.' + root.lang)
  wanted.forEach(function (name) {
    ;(files[name] || []).forEach(function (file) {
      var link = document.createElement('link')
      link.rel = 'modulepreload'
      link.crossOrigin = ''
      link.href = file
      document.head.append(link)
    })
  })
})()
