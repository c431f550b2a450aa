// The grid of heart rates, as ppgkd.grid has it: 180 classes of 1 BPM.

export const BPM_MIN = 30;
export const N_CLASSES = 180;
export const DECODE_HALF_WIDTH_BPM = 8;
