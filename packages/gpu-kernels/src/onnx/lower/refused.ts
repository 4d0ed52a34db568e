/** Ops that no plan can hold, and what to do about them. */
const counted = 'how many numbers it gives depends on the image, and a plan has fixed shapes';
const random = 'it draws random numbers, so that no score could be repeated. Export the network for inference, or with the numbers as an input'; // biome-ignore format: one line
const loss = 'a loss is of training. Export the network for inference';
const boxes = `${counted}. Export the network without it (\`nms=False\`, or the model without its post-processing), and let the card take each label's highest score over all boxes (\`reduce: max-over-boxes\`), which suppression does not change`; // biome-ignore format: one line
const decoded = 'images are decoded before a network sees them. Export the network without it, with the image as its input';
const quark =
  "an op of AMD Quark's own library. Where it rounds to bfloat16, quantise with `BF16QDQToCast`, which writes a Cast";

export const refusedOps: Readonly<Record<string, string>> = {
  Bernoulli: random, Multinomial: random, RandomNormal: random, RandomNormalLike: random, RandomUniform: random, RandomUniformLike: random,
  BitCast: 'numbers of a network are float32 whatever the file calls them, so that their bits would say something else. It is computed on constants',
  NonMaxSuppression: boxes, NonZero: counted, Unique: counted,
  RoiAlign: `it takes as many regions as the network finds, and ${counted}. Export the network without its second stage`,
  NegativeLogLikelihoodLoss: loss, SoftmaxCrossEntropyLoss: loss,
  ImageDecoder: decoded, 'com.microsoft.extensions.DecodeImage': decoded,
  'com.amd.quark.ExtendedQuantizeLinear': quark, 'com.amd.quark.BFPQuantizeDequantize': quark,
}; // biome-ignore format: a table
