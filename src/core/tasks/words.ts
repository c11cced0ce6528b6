/**
 * The 384 words of the question task, so that people can read what the model reads. Lists are in order of frequency:
 * the k-th word of a list is drawn with probability proportional to 1/k.
 */

const list = (text: string): readonly string[] => text.split(' ');

/** What an adjective is about, as the question says it, and its adjectives. */
const properties = [
  ['coloured', 'red blue green black white yellow brown grey pink purple'],
  ['sized', 'big small large tiny huge tall short little giant vast'],
  ['aged', 'old new young modern ancient recent antique vintage medieval elderly'],
  ['textured', 'soft hard smooth rough sticky fuzzy silky slippery bumpy prickly'],
  ['shaped', 'round flat square long curved pointed oval crooked hollow narrow'],
  ['heated', 'hot cold warm cool icy frozen tepid boiling chilly scorching'],
  ['tempered', 'happy sad angry calm proud shy brave jealous bored nervous'],
  ['valued', 'cheap costly common rare precious worthless priceless ordinary valuable humble'],
] as const;

/** What a noun is, as the question says it, and its nouns. */
const categories = [
  ['animal', 'dog cat horse cow sheep goat lion tiger bear wolf fox rabbit mouse elephant monkey camel'],
  ['fruit', 'apple banana pear grape cherry lemon peach plum mango melon fig lime date kiwi papaya quince'],
  ['tool', 'hammer saw drill knife shovel axe wrench rake chisel pliers spade file hoe trowel anvil lathe'],
  ['vehicle', 'car bus train truck bicycle boat ship tram van taxi plane ferry scooter tractor canoe sled'],
  ['garment', 'shirt coat hat dress shoe sock glove scarf skirt jacket boot belt vest apron cloak sandal'],
  ['bird', 'eagle crow owl duck goose robin swan hawk pigeon sparrow parrot heron finch raven stork wren'],
  ['vessel', 'cup bowl bottle jar bucket pot vase glass mug kettle jug barrel flask basin urn goblet'],
  [
    'building',
    'house school church hotel castle barn tower palace temple cabin library museum mill fort hut abbey',
  ],
  [
    'vegetable',
    'potato carrot onion bean pea cabbage lettuce spinach leek radish turnip celery beet kale garlic fennel',
  ],
  [
    'furniture',
    'table chair bed desk sofa shelf bench stool cupboard wardrobe cabinet couch dresser cradle ottoman lectern',
  ],
  [
    'instrument',
    'piano guitar violin drum flute trumpet harp cello organ clarinet banjo oboe lute tuba bassoon zither',
  ],
  [
    'fish',
    'salmon trout tuna cod shark herring eel carp pike perch sardine haddock halibut mackerel sole anchovy',
  ],
  [
    'flower',
    'rose tulip lily daisy violet poppy orchid iris lilac daffodil peony jasmine pansy aster dahlia crocus',
  ],
  ['tree', 'oak pine maple birch willow elm cedar ash beech spruce poplar alder larch yew hazel cypress'],
  [
    'insect',
    'ant bee fly beetle moth wasp cricket butterfly mosquito locust termite hornet flea louse aphid earwig',
  ],
  [
    'gem',
    'diamond ruby pearl emerald sapphire opal topaz amber jade garnet onyx agate amethyst quartz turquoise beryl',
  ],
] as const;

const fillers = list(
  'and with near or then beside while under behind by over after before but also from not',
);

/** Sizes of the lists. */
export const propertyCount = properties.length;
export const adjectivesEach = 10;
export const categoryCount = categories.length;
export const nounsEach = 16;
export const fillerCount = fillers.length;

const words: readonly string[] = [
  ...list('which mentioned thing ? the a very'),
  ...fillers,
  ...properties.map(([name]) => name),
  ...categories.map(([name]) => name),
  ...properties.flatMap(([, adjectives]) => list(adjectives)),
  ...categories.flatMap(([, nouns]) => list(nouns)),
];

export const vocabularySize = words.length;

/** Tokens with a role of their own. `mentioned` asks for no property, `thing` for no category. */
export const which = 0;
export const anyProperty = 1;
export const anyCategory = 2;
export const questionMark = 3;
export const determiners = [4, 5] as const;
export const very = 6;

const firstFiller = 7;
const firstProperty = firstFiller + fillerCount;
const firstCategory = firstProperty + propertyCount;
const firstAdjective = firstCategory + categoryCount;
const firstNoun = firstAdjective + propertyCount * adjectivesEach;

export const fillerToken = (k: number): number => firstFiller + k;
export const propertyToken = (property: number): number => firstProperty + property;
export const categoryToken = (category: number): number => firstCategory + category;
export const adjectiveToken = (property: number, k: number): number =>
  firstAdjective + property * adjectivesEach + k;
export const nounToken = (category: number, k: number): number => firstNoun + category * nounsEach + k;

/** The property that an adjective is about, the category that a noun is of; null for any other word. */
export function meaningOf(
  token: number,
): { readonly kind: 'property' | 'category'; readonly of: number } | null {
  if (token >= firstNoun && token < vocabularySize)
    return { kind: 'category', of: Math.floor((token - firstNoun) / nounsEach) };
  if (token >= firstAdjective && token < firstNoun)
    return { kind: 'property', of: Math.floor((token - firstAdjective) / adjectivesEach) };
  return null;
}

/** The word that people read; `?` is a word too. */
export const wordOf = (token: number): string => words[token] ?? '';
