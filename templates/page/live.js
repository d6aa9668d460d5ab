// Fetches the page again when the worker says that something changed, and swaps only the parts that are marked as live.
(() => {
  let busy = false, again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const next = fresh.getElementById(part.id);
          if (next && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
        }
      }
    } catch { /* The demo has stopped: the page stays as it is. */ }
    busy = false;
    if (again) { again = false; setTimeout(refresh, 200); }
  };
  new EventSource("/changes").onmessage = refresh;
})();
