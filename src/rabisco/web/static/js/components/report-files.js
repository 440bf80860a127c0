// <report-files>links to the report in several forms</report-files>: adds PNG, drawn by the browser from the SVG.

class ReportFiles extends HTMLElement {
  connectedCallback() {
    const drawing = [...this.querySelectorAll("a")].find(({ href }) => href.endsWith("form=svg"));
    if (!drawing) return;
    const link = document.createElement("a");
    Object.assign(link, { href: drawing.href, textContent: "PNG", download: "report.png" });
    link.addEventListener("click", (event) => {
      if (link.href.startsWith("blob:")) return;
      event.preventDefault();
      draw(drawing.href, link);
    });
    this.append(" ", link);
  }
}

async function draw(address, link) {
  const text = await (await fetch(address)).text();
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 2 * picture.naturalWidth, height: 2 * picture.naturalHeight });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => {
    link.href = URL.createObjectURL(blob);
    link.click();
  });
}

customElements.define("report-files", ReportFiles);
