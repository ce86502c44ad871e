import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '个人设置',
  name: '显示名称',
  nameHelp: '别人看到的称呼。你的用户名是 {username}。',
  taste: '语言与外观',
  tasteHelp: '保存在账户里，换个浏览器登录也会生效。',
  saved: '已保存',
  password: {
    title: '密码',
    help: '修改密码后，其他浏览器上的登录会失效。',
    current: '当前密码',
    next: '新密码',
    again: '再输入一次新密码',
    change: '修改密码',
    changed: '密码已修改',
    short: '至少 8 个字符。',
    differ: '两次输入不一致。',
    needed: '请输入当前密码。',
  },
  sessions: {
    title: '登录会话',
    help: '你在哪些地方登录着。有不认识的就退出它，然后修改密码。',
    current: '当前',
    used: '最近使用',
    unknown: '未知客户端',
    end: '退出',
    ended: '已在该处退出登录',
  },
  problems: {
    wrong_password: '当前密码不对。',
  },
} satisfies Translation<typeof en>
