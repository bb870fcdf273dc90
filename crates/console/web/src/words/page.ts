// What every page says: navigation, connection, sound, log-in.

import type { Bilingual } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const PAGE = {
  product: w("watchfire 消防预警", "watchfire"),
  skip: w("跳到内容", "Skip to content"),
  navigation: w("主导航", "Main navigation"),
  board: w("实时警情", "Live board"),
  devices: w("设备", "Devices"),
  risk: w("风险", "Risk"),
  history: w("历史", "History"),
  tests: w("测试", "Tests"),
  status: w("系统状态", "Status"),
  sign_out: w("退出", "Sign out"),
  language: w("English", "中文"),
  language_hint: w("Switch to English (L)", "切换到中文（L）"),
  theme: w("外观", "Theme"),
  theme_auto: w("跟随系统", "As the system"),
  theme_dark: w("深色", "Dark"),
  theme_light: w("浅色", "Light"),
  help: w("按键说明", "Keys"),
  loading: w("读取中…", "Loading…"),
  more: w("更多", "More"),
  retry: w("重试", "Try again"),
  back: w("返回", "Back"),
  close_dialog: w("关闭", "Close"),
  none: w("无", "none"),
  not_found: w("没有这个页面。", "There is no such page."),
  demo: w("演示：这里的单位、设备和警情都是模拟的。", "Demo: sites, devices and alerts here are simulated."),
  copied_zone: w("现场时间 {zone}", "site time {zone}"),
} satisfies Record<string, Bilingual>;

export const LINK = {
  live: w("已连接", "Connected"),
  connecting: w("连接中…", "Connecting…"),
  age: w("数据 {age}前", "data {age} old"),
  lost_short: w("连接中断", "Connection lost"),
  lost: w("与监控站的连接已中断", "Connection to the station lost"),
  lost_since: w(
    "自 {time} 起中断（{age}）。页面内容已经过时，新的警情看不到！正在自动重连…",
    "Since {time} ({age}). What you see is out of date; new alerts cannot be seen! Reconnecting…",
  ),
  lost_what_to_do: w("请改用电话值守，并通知系统管理员。", "Fall back to the telephone and call the system's administrator."),
  not_ready: w("监控站未就绪：探测信号没有按时走完全程，警情可能延迟。", "The station is not ready: its probe did not come through in time; alerts may be late."),
  lagging: w("监控站处理滞后 {lag} 秒。", "The station is {lag} s behind."),
  back: w("连接已恢复。", "Connected again."),
} satisfies Record<string, Bilingual>;

export const SOUND = {
  off: w("声音未开启，有警情也听不到！", "Sound is off: you will not hear an alarm!"),
  enable: w("开启声音", "Turn sound on"),
  enable_hint: w("点击，或按任意键", "click, or press any key"),
  on: w("声音已开启", "Sound on"),
  test: w("试听", "Test sound"),
  mute: w("静音 10 分钟", "Mute for 10 minutes"),
  fire_stays: w("火警不能静音", "A fire cannot be muted"),
  playing_fire: w("正在鸣响：火警", "Sounding: fire"),
  playing_gas: w("正在鸣响：燃气 / 一氧化碳", "Sounding: gas / CO"),
  playing_warning: w("正在鸣响：预警", "Sounding: warning"),
  playing_chirp: w("正在鸣响：故障提示", "Sounding: fault"),
  playing_lost: w("正在鸣响：连接中断", "Sounding: connection lost"),
} satisfies Record<string, Bilingual>;

export const LOGIN = {
  title: w("登录", "Sign in"),
  user: w("用户名", "User"),
  password: w("密码", "Password"),
  submit: w("登录", "Sign in"),
  signing_in: w("登录中…", "Signing in…"),
  unreachable: w("联系不上监控站，请检查网络后重试。", "The station does not answer. Check the network and try again."),
  expired: w("登录已过期，请重新登录。警情仍在继续！", "You have been signed out. Sign in again: alerts go on!"),
  first_visit: w("第一次使用？", "First visit?"),
  how: w("没有默认密码。请在监控站的机器上创建用户：", "There is no default password. Make a user on the station's machine:"),
  demo_how: w("演示用的用户名和密码：", "The demo's user and password:"),
  demo_fill: w("填入", "Fill them in"),
} satisfies Record<string, Bilingual>;

export const HELP = {
  title: w("按键说明", "Keys"),
  anywhere: w("任何页面", "Anywhere"),
  on_board: w("实时警情", "Live board"),
  on_alert: w("警情页", "Alert page"),
  go_board: w("实时警情", "Live board"),
  go_devices: w("设备", "Devices"),
  go_risk: w("风险排序", "Risk"),
  go_history: w("历史", "History"),
  go_tests: w("测试与维护", "Tests and maintenance"),
  go_status: w("系统状态", "Status"),
  fire: w("打开最早的未确认火警", "Open the oldest unacknowledged fire"),
  mute: w("静音 10 分钟（火警除外）", "Mute for 10 minutes (never a fire)"),
  language: w("中文 / English", "中文 / English"),
  help: w("本说明", "This help"),
  escape: w("关闭 / 返回", "Close / back"),
  move: w("上一条 / 下一条", "Up / down"),
  acknowledge: w("确认选中的警情", "Acknowledge the selected alert"),
  open: w("打开选中的警情", "Open the selected alert"),
  next: w("下一条未确认的警情", "Next unacknowledged alert"),
  sort: w("立即重新排序", "Put everything in its place now"),
  verify: w("核实", "Verify"),
  forward: w("转报", "Forward"),
  close: w("结案", "Close the alert"),
  reopen: w("重新打开", "Reopen the alert"),
  verdicts: w("选择核实结果", "Choose the finding"),
} satisfies Record<string, Bilingual>;
