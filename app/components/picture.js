// A picture as a canvas: its first channel in grey, or three as colours; a map without any difference is grey.
function painted(map, channel = 0) {
  const [width, height] = [map.width, map.height];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const image = new ImageData(width, height);
  const bytes = Uint8Array.from(atob(map.data), (letter) => letter.charCodeAt(0));
  const colours = map.channels.length === 3 ? [0, 1, 2] : [channel, channel, channel];
  for (let at = 0; at < width * height; at += 1) {
    colours.forEach((plane, place) => (image.data[4 * at + place] = bytes[plane * width * height + at]));
    image.data[4 * at + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// A sentence with its {places} filled.
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
