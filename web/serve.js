// In served pages only: reload after a build, and show the faults of the last one.
(() => {
  let loaded;
  const panel = document.createElement("aside");
  panel.setAttribute("role", "status");
  panel.style.cssText = "position:fixed;inset:auto 0 0 0;z-index:2000;max-height:40vh;overflow:auto;margin:0;padding:.75rem 1rem;" +
    "background:#7a1020;color:#fff;font:.85rem/1.5 ui-monospace,monospace;white-space:pre-wrap";
  new EventSource("/_events").onmessage = ({data}) => {
    const {build, faults} = JSON.parse(data);
    if (loaded !== undefined && build !== loaded) return location.reload();
    loaded = build;
    panel.textContent = faults.join("\n");
    if (faults.length) document.body.append(panel);
  };
})();
