import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '从这里开始',
  text: '一分钟内就能完成第一次运行。这里的内容之后都可以修改或删除。',
  example: '运行示例',
  exampleText: '现成的脚本，不需要安装依赖。挑一个，看它跑起来。',
  allExamples: '全部示例',
  noExamples: '本项目里的示例已被删除。',
  write: '写一个脚本',
  writeText: '支持 Python、JavaScript 和 shell，自带参数表单，依赖会自动构建。',
  writeAction: '新建脚本',
  import: '导入已有代码',
  importText: '脚本文件、.zip 或 .tar.gz 项目、Git 仓库或 Gist，也可以直接把文件拖到这里。',
  importAction: '导入',
  drop: '松开即可导入',
} satisfies Translation<typeof en>
