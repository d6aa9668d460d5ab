// Fetches the page again when the worker says that something changed, and swaps the parts that are marked as live. A part in
// which somebody writes is left alone until they are done; open details stay open, and the focus stays where it was.
(() => {
  const watched = document.body.dataset.watch, note = document.getElementById("fresh");
  if (!watched || !window.EventSource) return;
  const PAUSE = 3000;
  let busy = false, again = false, last = 0, timer = 0;
  const inHand = (part) => {
    const at = document.activeElement;
    if (part.contains(at) && at.matches("input, select, textarea")) return true;
    return [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some((field) =>
      field.matches("select") ? ![...field.options].every((o) => o.selected === (o.defaultSelected || (!field.querySelector("[selected]") && o.index === 0)))
        : field.value !== field.defaultValue);
  };
  const sign = (element) => element.id || element.getAttribute("href") || [element.form && element.form.action, element.name, element.value].join(" ");
  const swap = (part, next) => {
    const at = part.contains(document.activeElement) ? document.activeElement : null;
    const open = [...part.querySelectorAll("details[open][id]")].map((details) => details.id);
    part.innerHTML = next.innerHTML;
    for (const id of open) { const details = document.getElementById(id); if (details) details.open = true; }
    if (at && sign(at)) {
      const same = [...part.querySelectorAll(at.tagName)].find((element) => sign(element) === sign(at));
      if (same) same.focus({ preventScroll: true });
    }
  };
  const refresh = async () => {
    timer = 0;
    if (busy) { again = true; return; }
    busy = true; last = Date.now();
    let left = false, changed = false;
    try {
      const answer = await fetch(location.href.split("#")[0], { headers: { accept: "text/html" }, redirect: "error" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const next = fresh.getElementById(part.id);
          if (!next || next.innerHTML === part.innerHTML) continue;
          const bare = (html) => html.replace(/>[^<]*<\/time>/g, "").replace(/ open=""/g, "");
          if (inHand(part)) { left = true; continue; }
          if (bare(next.innerHTML) !== bare(part.innerHTML)) changed = true;
          swap(part, next);
        }
        if (left) note.textContent = "There is news on this page. It is shown when you are done with the form.";
        else if (changed) note.textContent = "Brought up to date at " + new Date().toLocaleTimeString();
        else if (note.textContent.startsWith("There")) note.textContent = "";
      }
    } catch { note.textContent = "The worker does not answer, or you are logged out. This page may be old."; }
    busy = false;
    if (again || left) { again = false; later(left ? 5000 : PAUSE); }
  };
  const later = (wait) => { if (!timer) timer = setTimeout(refresh, wait); };
  const source = new EventSource("/ops/live?watch=" + encodeURIComponent(watched));
  let opened = false;
  source.onopen = () => { if (opened) later(0); opened = true; };
  source.onmessage = () => later(Math.max(0, last + PAUSE - Date.now()));
  addEventListener("pagehide", () => source.close());
})();
