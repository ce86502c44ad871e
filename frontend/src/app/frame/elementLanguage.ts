import { getCurrentInstance, onMounted, watch } from 'vue'
import { language } from '@/ui/i18n'

/**
 * Element Plus's own words (dialogs, date pickers) follow the page's language. It speaks English by itself, so that
 * nothing of it is loaded for English, and for Chinese only once the page stands.
 */
export function useElementLanguage(): void {
  const app = getCurrentInstance()?.appContext.app
  let loaded = false

  async function follow(): Promise<void> {
    if (language.value === 'en' && !loaded) return
    const [{ provideGlobalConfig }, { default: zhCn }, { default: en }] = await Promise.all([
      import('element-plus/es/components/config-provider/index.mjs'),
      import('element-plus/es/locale/lang/zh-cn.mjs'),
      import('element-plus/es/locale/lang/en.mjs'),
    ])
    loaded = true
    provideGlobalConfig({ locale: language.value === 'zh-CN' ? zhCn : en }, app, true)
  }

  onMounted(() => {
    watch(language, () => void follow(), { immediate: true })
  })
}
