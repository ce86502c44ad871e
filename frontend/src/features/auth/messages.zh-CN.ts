import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  login: {
    title: '登录',
    lead: '进入你的 Runyard',
    username: '用户名',
    password: '密码',
    show: '显示密码',
    hide: '隐藏密码',
    submit: '登录',
    first: '第一次使用？',
    firstText: '用户名是 {user}。密码在服务首次启动时打印过，也保存在数据目录的 {file} 文件里。',
    required: '请填写用户名和密码。',
  },
  code: {
    label: '验证码',
    help: '打开验证器应用，输入上面显示的验证码；也可以输入一个恢复码。',
    required: '请输入验证码。',
    back: '换个账号登录',
  },
  problems: {
    second_factor_needed: '还需要验证器应用里的验证码。',
    wrong_code: '验证码不对，或者已经用过。',
    bad_credentials: '用户名或密码不对。',
    account_disabled: '这个账号已停用，请联系管理员。',
    bad_token: '登录已失效，请重新登录。',
    too_many_attempts: '失败次数过多，请稍后再试。',
    cross_site: '当前地址与服务器配置的公开地址不一致，请检查 public_url 设置。',
    session_ended: '登录已失效，请重新登录。',
    sign_in_busy: '同时登录的人太多，请稍候再试。',
  },
} satisfies Translation<typeof en>
