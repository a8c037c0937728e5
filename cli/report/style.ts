/** The page's only style sheet: light and dark by the reader's setting, and one for paper. Its hash is in the page's CSP. */
export const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1a1f29;--soft:#525c6b;--line:#d9dee6;--accent:#1f5fbf;--good:#17693a;--goodbg:#e2f3e8;--bad:#a3161f;--badbg:#fbe5e6;--warn:#7a4d00;--warnbg:#fbefd5;--track:#c5cedb;--active:#2f6fd0;--published:#7a5bd0;--staged:#7b8798;--retiring:#c28415;--revoked:#a9b2c0}
@media (prefers-color-scheme:dark){:root{--bg:#0f1319;--card:#171d26;--ink:#e8ecf2;--soft:#a3afbf;--line:#2c3542;--accent:#8ab8ff;--good:#7fd6a0;--goodbg:#14301f;--bad:#ff9b9f;--badbg:#3a1719;--warn:#f0c067;--warnbg:#35270c;--track:#3a4554;--active:#5f9bff;--published:#a98bff;--staged:#8a97a8;--retiring:#e0a640;--revoked:#566274}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 24px}
header{padding-top:40px;padding-bottom:8px}
h1,h2,h3,p,li{overflow-wrap:anywhere}
th,td{overflow-wrap:break-word}td.any{overflow-wrap:anywhere;min-width:220px}td.near,th.mono,td.mono{white-space:nowrap}
h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.02em}
h2{font-size:19px;margin:0 0 4px;letter-spacing:-.01em}
h3{font-size:15px;margin:0;display:inline}
p{margin:0 0 12px}
.soft{color:var(--soft)}
code,.mono{font:13px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;list-style:none;margin:20px 0 0;padding:0}
.cards li,section{background:var(--card);border:1px solid var(--line);border-radius:12px}
.cards li{padding:14px 16px}
.cards strong{display:block;font-size:25px;line-height:1.25;letter-spacing:-.02em}
section{padding:20px 22px;margin:16px 0}
.scroll{overflow-x:auto;margin:0 -22px;padding:0 22px}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:7px 12px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600;font-size:12.5px;white-space:nowrap}
tbody th{font-weight:600;white-space:nowrap}
tr:last-child>*{border-bottom:0}
.matrix td,.matrix thead th:not(:first-child){text-align:center;padding:7px 8px}
.badge{display:inline-block;border-radius:999px;padding:1px 10px;font-size:12.5px;font-weight:600;white-space:nowrap;background:var(--line);color:var(--ink)}
.good{background:var(--goodbg);color:var(--good)}
.bad{background:var(--badbg);color:var(--bad)}
.warn{background:var(--warnbg);color:var(--warn)}
.late,.soon,.badge{white-space:nowrap}li.late,div.late,p.late{white-space:normal}
.late{color:var(--bad)}.soon{color:var(--warn)}
svg{display:block;width:100%;min-width:720px;height:auto;font:12px system-ui,"Liberation Sans",sans-serif}
svg text{fill:var(--ink)}svg text.name{font:600 12.5px ui-monospace,Menlo,Consolas,"Liberation Mono",monospace}
svg text.month{fill:var(--soft);font-size:10.5px}svg text.today{fill:var(--accent);font-weight:600}
line.month,.rule{stroke:var(--line);stroke-width:1}line.today{stroke:var(--accent);stroke-width:1.5;stroke-dasharray:3 3}
.until{stroke:var(--track);stroke-width:4}.until.soon{stroke:var(--retiring)}.until.late{stroke:var(--bad)}
path.due{fill:var(--card);stroke:var(--soft);stroke-width:1.8}path.due.soon{stroke:var(--warn)}path.due.late{stroke:var(--bad);fill:var(--bad)}
.span{fill:var(--staged)}.span.active{fill:var(--active)}.span.published{fill:var(--published)}.span.retiring{fill:var(--retiring)}.span.revoked{fill:var(--revoked)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0 0;padding:0;list-style:none;font-size:13px;color:var(--soft)}
.legend svg{display:inline-block;width:22px;min-width:0;height:12px;vertical-align:-1px;margin-right:5px}
details{border-bottom:1px solid var(--line);padding:9px 0}details:last-child{border-bottom:0}
summary{cursor:pointer;display:flex;gap:12px;align-items:baseline}summary .badge{min-width:92px;text-align:center}
details>div{padding:6px 0 6px 104px}
details ul{margin:4px 0 8px;padding-left:18px}
pre{background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:10px 12px;overflow:auto;max-height:280px;white-space:pre-wrap;overflow-wrap:anywhere;margin:8px 0}
footer{padding-bottom:40px;color:var(--soft);font-size:13px}
@media (max-width:640px){main,header,footer{padding-left:14px;padding-right:14px}details>div{padding-left:0}section{padding:16px 14px}.scroll{margin:0 -14px;padding:0 14px}table{min-width:640px}}
@media print{:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#333;--line:#bbb;--accent:#1f5fbf;--good:#17693a;--goodbg:#fff;--bad:#a3161f;--badbg:#fff;--warn:#7a4d00;--warnbg:#fff;--track:#c5cedb;--active:#2f6fd0;--published:#7a5bd0;--staged:#7b8798;--retiring:#c28415;--revoked:#a9b2c0}body{font-size:10.5pt}section,.cards li{border-radius:0;break-inside:avoid-page}section.long{break-inside:auto}tr,details{break-inside:avoid}.badge{border:1px solid currentColor}svg{min-width:0}pre{max-height:none}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
@page{margin:14mm}
`;
