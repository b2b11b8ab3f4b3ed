// Ways in for a photo: a click, a drop, the clipboard, the camera, a sample.
import { ask, list } from "./api.js";
import { byId, h } from "./dom.js";
import { named, t } from "./i18n.js";
import { complain } from "./notice.js";
import { poster } from "./poster.js";

/** Wires all ways in to `take(file)`; the paste and the drop work on the whole page. */
export function intake(take) {
  const file = byId("file");
  byId("pick").onclick = () => file.click();
  byId("another").onclick = () => file.click();
  file.onchange = ({ target }) => {
    if (target.files[0]) take(target.files[0]);
    target.value = "";
  };
  addEventListener("paste", (event) => {
    const found = [...(event.clipboardData?.items ?? [])].find((item) => item.kind === "file");
    if (!found) return;
    event.preventDefault();
    hand(found.getAsFile(), document.activeElement?.closest("[role=tabpanel]")?.querySelector(".give"), take);
  });
  dropping(take);
  // Phones have a better camera application than a page can be.
  const touch = matchMedia("(pointer: coarse)").matches;
  byId("camera").onclick = () => (touch ? byId("snap").click() : camera(take));
  byId("snap").onchange = file.onchange;
}

/** A picture goes to the place it was meant for, such as that of a garment's photo; else it is a new photo. */
function hand(file, place, take) {
  if (place) place.dispatchEvent(new CustomEvent("give", { detail: file }));
  else take(file);
}

function dropping(take) {
  let deep = 0;
  const veil = (shown) => {
    byId("veil").hidden = !shown;
  };
  const placeOf = (event) => event.target.closest?.(".give");
  const files = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (files(event)) {
      deep += 1;
      veil(true);
    }
  });
  addEventListener("dragleave", (event) => {
    if (files(event)) {
      deep = Math.max(0, deep - 1);
      veil(deep > 0);
    }
  });
  addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    const place = placeOf(event);
    for (const each of document.querySelectorAll(".give")) each.classList.toggle("over", each === place);
    veil(!place);
  });
  addEventListener("drop", (event) => {
    deep = 0;
    veil(false);
    if (!files(event)) return;
    event.preventDefault();
    placeOf(event)?.classList.remove("over");
    if (event.dataTransfer.files[0]) hand(event.dataTransfer.files[0], placeOf(event), take);
  });
}

async function camera(take) {
  const booth = byId("booth");
  const video = byId("finder");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1920 } } });
  } catch {
    return complain({ code: "no-camera" });
  }
  const end = () => stream.getTracks().forEach((track) => track.stop());
  video.srcObject = stream;
  booth.onclose = end;
  byId("leave").onclick = () => booth.close();
  byId("shoot").onclick = () => {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob(
      (blob) => {
        booth.close();
        if (blob) take(blob);
      },
      "image/jpeg",
      0.94,
    );
  };
  booth.showModal();
  await video.play().catch(() => {});
}

let shelf = null;
/** Sample photos to click on. */
export async function samples(take) {
  try {
    shelf ??= await Promise.all(
      (await list("v1/samples")).samples.map(async (sample) => {
        const photo = await (await ask(sample.picture)).blob();
        return { ...sample, photo, url: URL.createObjectURL(photo) };
      }),
    );
  } catch (error) {
    return complain(error, () => samples(take));
  }
  poster((shelf.find((each) => each.name === "parents-and-baby") ?? shelf[0]).url);
  byId("samples").replaceChildren(
    ...shelf.map((sample) =>
      h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            className: "sample",
            onclick: () => take(sample.photo),
          },
          h("img", { src: sample.url, alt: "" }),
          h("span", {}, named(sample.name, sample.title)),
          h("b", { "aria-hidden": "true" }, t(sample.people === 1 ? "people.1" : "people.n", { n: sample.people })),
        ),
      ),
    ),
  );
}
