// The one stylesheet of cards and charts: ink on paper and one highlight, in both themes. Everything is
// grey until it is abnormal.

export const CARD_STYLE = `
:root{color-scheme:light dark;--bg:light-dark(#f6f6f3,#111214);--panel:light-dark(#fffffd,#18191c);
--sunk:light-dark(#f0f0ec,#1f2024);--line:light-dark(#e3e3dd,#2a2c31);--line-2:light-dark(#8a8b85,#6f737c);
--ink:light-dark(#1a1b1e,#ececee);--ink-2:light-dark(#53555b,#a9acb4);--accent:light-dark(#2b4fc0,#93aaff);
--flag:light-dark(#b23a0a,#ff8f5e);--ok:light-dark(#14704a,#5bc795);--warn:light-dark(#7c5600,#e3b04f);
--fail:light-dark(#b0153d,#ff8098);--band:light-dark(#dbeae0,#22392d)}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:13px/20px -apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:960px;margin:0 auto;padding:24px}
h1{font-size:28px;line-height:36px;font-weight:600;margin:0 0 8px;overflow-wrap:anywhere}
h2{font-size:13px;line-height:20px;font-weight:600;margin:0 0 12px}
h2 span{font-weight:400;color:var(--ink-2)}
.lead{font-size:15px;line-height:22px;margin:0 0 24px;max-width:72ch}
.kicker{color:var(--ink-2);font-size:12px;margin:0 0 4px}
section{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:12px 16px 16px;margin:0 0 16px;overflow-x:auto}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:16px}
.note{color:var(--ink-2);font-size:12px;margin:8px 0 0}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--ink-2);font-size:12px;padding:0 0 4px}
th,td{text-align:left;vertical-align:top;padding:4px 16px 4px 0;border-top:1px solid var(--line);font-weight:400}
thead th{border-top:0;color:var(--ink-2);font-size:12px}
.n{text-align:right;white-space:nowrap}
.w{overflow-wrap:break-word}th.w{min-width:9ch;max-width:24ch}
.ok{color:var(--ok)}.fail{color:var(--fail)}.warn{color:var(--warn)}.flag{color:var(--flag)}.quiet{color:var(--ink-2)}
.state{font-weight:500;white-space:nowrap}
figure{margin:0 0 12px}
figcaption{font-size:12px;color:var(--ink-2);margin:0 0 4px}
svg{display:block;width:100%;overflow:visible}
svg text{font-size:11px;fill:var(--ink-2)}
svg .label{fill:var(--ink)}
.bar{fill:var(--line-2)}.bar2{fill:none;stroke:var(--accent);stroke-width:1.5;vector-effect:non-scaling-stroke}
.over{fill:var(--flag)}
.axis{stroke:var(--line)}.rule{stroke:var(--ink);stroke-dasharray:4 3}
.dot{fill:var(--accent)}.diamond{fill:var(--ink)}.span{stroke:var(--line-2);stroke-width:1}
.interval{stroke:var(--ink-2);stroke-width:4;stroke-linecap:round}
.path{fill:none;stroke:var(--ink);stroke-width:1.5;vector-effect:non-scaling-stroke}
.band{fill:var(--band)}
.gap{fill:var(--flag)}.here{fill:var(--line-2)}
.cell{fill:var(--sunk)}.f1{fill:var(--ink);fill-opacity:.18}.f2{fill:var(--ink);fill-opacity:.42}.f3{fill:var(--ink);fill-opacity:.8}
.r1{fill:var(--accent);fill-opacity:.18}.r2{fill:var(--accent);fill-opacity:.42}.r3{fill:var(--accent);fill-opacity:.8}
svg .on{fill:var(--panel)}
@media (max-width:640px){main{padding:12px}h1{font-size:20px;line-height:28px}th,td{padding-right:8px}
.stacked thead{display:none}.stacked tr{display:flex;flex-wrap:wrap;column-gap:12px;border-top:1px solid var(--line);padding:4px 0}
.stacked th,.stacked td{border:0;padding:0;max-width:none}.stacked th{font-weight:500}.stacked td:last-child{flex-basis:100%;color:var(--ink-2)}}
`;
