// Where everything of a stage stands: numbers in, numbers out, nothing is drawn here.

const ROW = 88; // height of a network's row: name, arcs, blocks, names of its stages
const WIRE = 54; // y of the wire within a row
const PANEL = 88; // height of a panel of curves
const PLOT = { top: 24, bottom: 78 }; // of the curves within their panel
const TALL = 40; // of a block whose map is the largest,
const SHORT = 14; // and of the smallest
const AROUND = 130; // of a stage: its tools above, the sentences below
const NARROW = 640; // pixels; below, margins shrink

// The margins for a width: what stands left of the first block and right of the last.
const margins = (width) => (width < NARROW ? { left: 46, right: 64 } : { left: 74, right: 132 });

// The blocks of a view, which is a range of stages ({from, to}, counted from 0) and a page within a long one.
function inView(network, view) {
  return network.blocks.filter((block) => block.stage >= view.from && block.stage <= view.to)
    .slice(view.page * view.most, (view.page + 1) * view.most);
}

// x of each block's middle, its width and height; stages stand apart.
function placed(network, view, width) {
  const blocks = inView(network, view);
  const { left, right } = margins(width);
  const breaks = new Set(blocks.filter((block, at) => at && block.stage !== blocks[at - 1].stage).map((block) => block.n));
  const apart = width < NARROW ? 8 : 18;
  const pitch = (width - left - right - apart * breaks.size) / Math.max(1, blocks.length);
  const largest = Math.max(...network.blocks.map((block) => block.side));
  let x = left;
  return blocks.map((block) => {
    if (breaks.has(block.n)) x += apart;
    const at = x + pitch / 2;
    x += pitch;
    const height = SHORT + (TALL - SHORT) * Math.sqrt(block.side / largest);
    return { ...block, x: at, pitch, width: Math.max(1, Math.min(34, pitch * 0.66)), height };
  });
}

// Ticks of a logarithmic axis: whole powers of ten, no more than fit.
function decades([low, high], most = 4) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / most));
  const found = [];
  for (let power = first; power <= last; power += every) found.push(power);
  return found;
}

// The range that holds all values and, so that a curve that moves is seen to move, the range before.
function range(values, before) {
  const known = values.filter((value) => value > 0 && Number.isFinite(value));
  if (!known.length) return before;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return before ? [Math.min(low, before[0]), Math.max(high, before[1])] : [low, high];
}

// With room at both ends, and at least a decade.
function roomy([low, high]) {
  const widen = Math.max(1.3, Math.sqrt(10 / (high / low)));
  return [low / widen, high * widen];
}
