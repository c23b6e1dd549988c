# SPDX-License-Identifier: GPL-2.0-or-later
# The index page of spiscope-batch, from all results: a row a capture, the worst first, with links to its timeline and report. It needs
# no server and loads nothing. A click on a column's head sorts by it.
include "words";

def worst: [.tunnels[]?] | min_by(.verdict.state | rank);
def cell: "<td>\(. // "" | tostring | @html)</td>";
def number: "<td class=\"n\">\(. // 0)</td>";
def link($text; $kind): "<a href=\"captures/\(.batch.key).\($kind)\">\($text)</a>";
def row:
    worst as $worst
    | "<tr class=\"\($worst.verdict.state // "none")\"><td><bdi>\(.batch.file | printable | @html)</bdi></td>" +
      "<td data-sort=\"\($worst.verdict.state // "" | rank)\">\($worst.verdict.state // "-")</td>" +
      ($worst | if . then .name // (.peers | join(" - ")) | printable else "" end | "<td><bdi>\(@html)</bdi></td>") +
      ($worst.verdict.cause | cell) + ($worst.verdict.by | cell) +
      ([.tunnels[]?] | length | number) +
      ([.tunnels[]? | select(.verdict.state | is_troubled)] | length | number) +
      ([.tunnels[]?.outages | length] | add | number) +
      ([.tunnels[]? | seconds] | add | number) +
      (.capture.frames | number) +
      (if .capture then "<td class=\"see\">\(link("timeline"; "svg")) \(link("report"; "txt"))</td>" else "<td>\(link("not read"; "errors"))</td>" end) +
      (if .batch.status == 0 then "<td></td>" else .batch | trouble | cell end) + "</tr>";

[inputs] as $results
| "<!DOCTYPE html>",
  "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>SPIscope: \($results | length | counted("capture"))</title>",
  "<style>",
  ":root { color-scheme: light dark; } body { font: 14px sans-serif; margin: 1.5em; } table { border-collapse: collapse; }",
  "th, td { text-align: left; padding: 0.2em 0.7em; border-bottom: 1px solid #8884; } th { cursor: pointer; position: sticky; top: 0; background: Canvas; }",
  ".see { white-space: nowrap; } .n { text-align: right; } .down td:nth-child(2), .flapping td:nth-child(2) { color: #d22; font-weight: bold; }",
  ".interrupted td:nth-child(2), .one_way td:nth-child(2) { color: #d60; } .degraded td:nth-child(2), .churning td:nth-child(2) { color: #a80; }",
  "</style></head><body>",
  "<h1>SPIscope: \($results | length | counted("capture")), \([$results[].tunnels[]?] | length | counted("tunnel"))</h1>",
  "<p>" + ([states[] as $state | [$results[].tunnels[]? | select(.verdict.state == $state)] | select(length > 0) | "\(length) \($state)"] | join(", ")) +
      ([$results[] | select(.batch.status != 0)] | if . == [] then "" else ". Not read to the end: \(length | counted("capture"))" end) + ".</p>",
  "<p>State, cause and who acts (By) are those of the worst tunnel; seconds are the sum of all outages. A click on a column's head sorts by it.</p>",
  "<table><thead><tr>" + (["Capture", "State", "Worst tunnel", "Cause", "By", "Tunnels", "Not well", "Outages", "Seconds", "Frames", "See", "Trouble"]
      | map("<th>\(.)</th>") | join("")) + "</tr></thead><tbody>",
  ($results | sort_by((worst.verdict.state // "" | rank), -([.tunnels[]?.outages | length] | add // 0), .batch.file) | .[] | row),
  "</tbody></table>",
  "<script>",
  "for (const head of document.querySelectorAll('th')) head.addEventListener('click', () => {",
  "    const column = head.cellIndex, body = document.querySelector('tbody'), down = head.dataset.down = head.dataset.down === '1' ? '0' : '1';",
  "    const key = row => { const cell = row.cells[column]; return cell.dataset.sort ?? cell.textContent; };",
  "    const order = (a, b) => { const x = key(a), y = key(b); return x !== '' && y !== '' && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y); };",
  "    body.append(...[...body.rows].sort((a, b) => down === '1' ? order(a, b) : order(b, a)));",
  "});",
  "</script></body></html>"
