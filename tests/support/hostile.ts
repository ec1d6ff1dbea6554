// Names and ids as somebody would choose them who wants a page to do something.

/** What would run, close, hide, turn or burst something if it were not text. */
export const HOSTILE: readonly string[] = [
  `<img src=x onerror=alert(1)>`,
  `</script><script>alert(2)</script>`,
  `</style></title><svg onload=alert(3)>`,
  `"><iframe srcdoc="<script>alert(4)</script>">`,
  `\u200bhidden\u200b`,
  `\u202etxet esrever\u202c`,
  `nul\u0000 bell\u0007 lone\ud800`,
  `javascript:alert(5)`,
  `&lt;b&gt; ${"long ".repeat(60)}`,
  `../../models?branch=x#y&'"`,
  "w".repeat(300),
];
