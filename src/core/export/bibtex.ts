/** What to cite for a design: this program, the method it follows, its counting rules, and the formats that are used. */
import type { Format } from '../factor/factorization.ts';

export interface Citation {
  /** Of this program. */
  readonly version: string;
  /** Of the design: the part of an address from # on. */
  readonly link: string;
  readonly formats: readonly Format[];
}

type Fields = Readonly<Record<string, string>>;

interface Entry {
  readonly kind: 'article' | 'inproceedings' | 'software' | 'incollection';
  readonly key: string;
  readonly fields: Fields;
}

const heat: Entry = {
  kind: 'article',
  key: 'gu2022heat',
  fields: {
    title: '{HEAT}: Hardware-Efficient Automatic Tensor Decomposition for Transformer Compression',
    author:
      'Gu, Jiaqi and Keller, Ben and Kossaifi, Jean and Anandkumar, Anima and Khailany, Brucek and Pan, David Z.',
    journal: 'arXiv preprint arXiv:2211.16749',
    year: '2022',
  },
};

const timeloop: Entry = {
  kind: 'inproceedings',
  key: 'parashar2019timeloop',
  fields: {
    title: 'Timeloop: A Systematic Approach to {DNN} Accelerator Evaluation',
    author:
      'Parashar, Angshuman and Raina, Priyanka and Shao, Yakun Sophia and Chen, Yu-Hsin and Ying, Victor A. and Mukkara, Anurag and Venkatesan, Rangharajan and Khailany, Brucek and Keckler, Stephen W. and Emer, Joel',
    booktitle: 'IEEE International Symposium on Performance Analysis of Systems and Software (ISPASS)',
    pages: '304--315',
    year: '2019',
    doi: '10.1109/ISPASS.2019.00042',
  },
};

const sources: Readonly<Record<Format, Entry | null>> = {
  dense: null,
  svd: {
    kind: 'article',
    key: 'eckart1936approximation',
    fields: {
      title: 'The approximation of one matrix by another of lower rank',
      author: 'Eckart, Carl and Young, Gale',
      journal: 'Psychometrika',
      volume: '1',
      number: '3',
      pages: '211--218',
      year: '1936',
      doi: '10.1007/BF02288367',
    },
  },
  kronecker: {
    kind: 'incollection',
    key: 'vanloan1993kronecker',
    fields: {
      title: 'Approximation with {Kronecker} Products',
      author: 'Van Loan, Charles F. and Pitsianis, Nikos',
      booktitle: 'Linear Algebra for Large Scale and Real-Time Applications',
      publisher: 'Kluwer',
      pages: '293--314',
      year: '1993',
    },
  },
  cp: {
    kind: 'article',
    key: 'carroll1970analysis',
    fields: {
      title:
        'Analysis of individual differences in multidimensional scaling via an n-way generalization of ``{Eckart-Young}" decomposition',
      author: 'Carroll, J. Douglas and Chang, Jih-Jie',
      journal: 'Psychometrika',
      volume: '35',
      number: '3',
      pages: '283--319',
      year: '1970',
      doi: '10.1007/BF02310791',
    },
  },
  tucker: {
    kind: 'article',
    key: 'tucker1966some',
    fields: {
      title: 'Some mathematical notes on three-mode factor analysis',
      author: 'Tucker, Ledyard R.',
      journal: 'Psychometrika',
      volume: '31',
      number: '3',
      pages: '279--311',
      year: '1966',
      doi: '10.1007/BF02289464',
    },
  },
  tt: {
    kind: 'article',
    key: 'oseledets2011tensor',
    fields: {
      title: 'Tensor-Train Decomposition',
      author: 'Oseledets, Ivan V.',
      journal: 'SIAM Journal on Scientific Computing',
      volume: '33',
      number: '5',
      pages: '2295--2317',
      year: '2011',
      doi: '10.1137/090752286',
    },
  },
  ttm: {
    kind: 'inproceedings',
    key: 'novikov2015tensorizing',
    fields: {
      title: 'Tensorizing Neural Networks',
      author: 'Novikov, Alexander and Podoprikhin, Dmitrii and Osokin, Anton and Vetrov, Dmitry',
      booktitle: 'Advances in Neural Information Processing Systems',
      volume: '28',
      year: '2015',
    },
  },
  tr: {
    kind: 'article',
    key: 'zhao2016tensor',
    fields: {
      title: 'Tensor Ring Decomposition',
      author: 'Zhao, Qibin and Zhou, Guoxu and Xie, Shengli and Zhang, Liqing and Cichocki, Andrzej',
      journal: 'arXiv preprint arXiv:1606.05535',
      year: '2016',
    },
  },
  'block-term': {
    kind: 'article',
    key: 'delathauwer2008decompositions',
    fields: {
      title: 'Decompositions of a Higher-Order Tensor in Block Terms---Part {II}: Definitions and Uniqueness',
      author: 'De Lathauwer, Lieven',
      journal: 'SIAM Journal on Matrix Analysis and Applications',
      volume: '30',
      number: '3',
      pages: '1033--1066',
      year: '2008',
      doi: '10.1137/070690729',
    },
  },
};

export function bibtex({ version, link, formats }: Citation): string {
  const own: Entry = {
    kind: 'software',
    key: 'rankscape',
    fields: {
      title: '{Rankscape}: explore hardware-aware tensor decomposition of transformers in the browser',
      author: '{The Rankscape authors}',
      version,
      // The design in full: whoever opens it sees the same figures.
      note: `Design: \\texttt{${link.replaceAll('#', '\\#').replaceAll('_', '\\_')}}`,
    },
  };
  const used = [...new Set(formats)].flatMap((format) => sources[format] ?? []);
  return [own, heat, timeloop, ...used].map(print).join('\n');
}

function print({ kind, key, fields }: Entry): string {
  const lines = Object.entries(fields).map(([name, value]) => `  ${name} = {${value}},\n`);
  return `@${kind}{${key},\n${lines.join('')}}\n`;
}
