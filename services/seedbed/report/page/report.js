"use strict";
// The table of candidates: found by words, leaf and end, shown a page at a time. Texts are set as text, never as HTML.
(() => {
  const PAGE = 25;
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const list = document.getElementById("list");
  const words = document.getElementById("words");
  const leaf = document.getElementById("leaf");
  const end = document.getElementById("end");
  const said = document.getElementById("said");
  const earlier = document.getElementById("earlier");
  const later = document.getElementById("later");
  const plain = (row) => [row.id, row.question, row.answer, row.context, row.reason].join(" ").toLowerCase();
  rows.forEach((row) => { row.plain = plain(row); });
  let found = rows, page = 0;

  const make = (name, text, kind) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };

  const show = (value) => {
    if (Array.isArray(value)) return value.join(" › ");
    return typeof value === "object" ? Object.entries(value).map(([k, v]) => `${k} ${v}`).join(", ") : String(value);
  };

  const facts = (pairs) => {
    const table = make("dl");
    for (const [name, value] of pairs) {
      if (value === "" || value === null || value === undefined) continue;
      table.append(make("dt", name.replaceAll("_", " ")), make("dd", show(value)));
    }
    return table;
  };

  const describe = (row) => {
    const body = make("div", undefined, "body");
    if (row.context) body.append(make("blockquote", row.context, "soft"));
    body.append(make("blockquote", row.answer || "(no answer was made)"));
    body.append(facts([["id", row.id], ["leaf", row.leaf], ["reason", row.reason], ...Object.entries(row.pedigree)]));
    for (const verdict of row.verdicts) {
      body.append(make("h3", verdict.step));
      body.append(facts([["scores", verdict.scores], ["explanation", verdict.explanation], ["evidence", verdict.evidence]]));
    }
    return body;
  };

  const draw = () => {
    const first = page * PAGE, shown = found.slice(first, first + PAGE);
    list.replaceChildren(...shown.map((row) => {
      const sample = make("details", undefined, "sample"), summary = make("summary");
      summary.append(make("span", row.end, `tag ${row.end === "accepted" ? "good" : "soft"}`), make("span", row.question, "text"));
      sample.append(summary);
      // Made when it is opened: most never are.
      sample.addEventListener("toggle", () => { if (sample.open && sample.children.length === 1) sample.append(describe(row)); });
      return sample;
    }));
    said.textContent = found.length ? `${first + 1} to ${first + shown.length} of ${found.length}` : "nothing matches";
    earlier.disabled = page === 0;
    later.disabled = first + PAGE >= found.length;
  };

  const search = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter((row) => (!leaf.value || row.leaf === leaf.value) && (!end.value || row.end === end.value)
      && wanted.every((word) => row.plain.includes(word)));
    page = 0;
    draw();
  };

  words.addEventListener("input", search);
  leaf.addEventListener("change", search);
  end.addEventListener("change", search);
  earlier.addEventListener("click", () => { page -= 1; draw(); });
  later.addEventListener("click", () => { page += 1; draw(); });
  document.getElementById("look").hidden = false;
  draw();
})();
