// Digits drawn once by hand, to be shown to whoever does not know how to begin.

const pen = (...points) => ({ width: 19, erases: false, points: points.map(([x, y]) => ({ x, y, pressure: 0.5 })) });

export const EXAMPLES = [
  [pen([78, 72], [100, 70], [130, 69], [160, 68], [188, 68], [201, 70], [193, 86], [180, 108], [166, 132], [152, 158], [140, 184], [131, 208], [126, 224])],
  [pen([92, 88], [102, 70], [122, 58], [148, 56], [170, 66], [178, 86], [170, 108], [150, 124], [130, 132], [154, 134], [176, 144], [190, 164], [188, 190], [172, 212], [146, 224], [118, 222], [96, 210], [86, 196])],
  [pen([90, 96], [98, 72], [120, 56], [148, 54], [172, 66], [180, 90], [172, 116], [152, 144], [128, 172], [104, 198], [90, 216], [118, 214], [150, 212], [180, 214], [198, 214])],
  [pen([176, 62], [150, 60], [122, 62], [108, 64], [104, 90], [102, 118], [126, 110], [154, 112], [178, 128], [188, 154], [182, 186], [162, 210], [132, 222], [104, 216], [88, 202])],
];

// Several drawings side by side, smaller, as one: for a pad that is wider than high.
export const inRow = (drawings) =>
  drawings.flatMap((strokes, place) => strokes.map((stroke) => ({ ...stroke, points: stroke.points.map((point) => ({ ...point, x: 0.7 * point.x + 170 * place + 12, y: 0.7 * point.y + 42 })) })));
