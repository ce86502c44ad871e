import { VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import '@/ui/routing'
import '@/ui/styles/tokens.css'
import '@/ui/styles/base.css'
import App from '@/app/App.vue'
import { loadMessages } from '@/app/messages/load'
import { queryClient } from '@/app/queries'
import { router } from '@/app/router'
import { installI18n, speak } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'

const app = createApp(App)
app.use(createPinia())
app.use(VueQueryPlugin, { queryClient })
installI18n(app, loadMessages)
app.use(router)

// Words first, so that no page ever shows message keys; the route's own code loads at the same time.
await Promise.all([speak(usePreferences().language), router.isReady()])
app.mount('#app')
