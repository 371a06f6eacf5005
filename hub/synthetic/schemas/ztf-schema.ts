// ZTF's alert schema 4.02 by names and types: what a filter of the stream `ztf` is checked and tried against where no registry has one.

/** Fields in their order: a type, `?` for one that may be null, and the names of those that follow one another and have it. */
type Fields = readonly (readonly [type: string, names: string])[]

const CANDIDATE: Fields = [
  ['double', 'jd'],
  ['int', 'fid'],
  ['long', 'pid'],
  ['float?', 'diffmaglim'],
  ['string?', 'pdiffimfilename programpi'],
  ['int', 'programid'],
  ['long', 'candid'],
  ['string', 'isdiffpos'],
  ['long?', 'tblid'],
  ['int?', 'nid rcid field'],
  ['float?', 'xpos ypos'],
  ['double', 'ra dec'],
  ['float', 'magpsf sigmapsf'],
  [
    'float?',
    'chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm classtar mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong',
  ],
  ['int?', 'nneg nbad'],
  ['float?', 'rb ssdistnr ssmagnr'],
  ['string?', 'ssnamenr'],
  ['float?', 'sumrat magapbig sigmagapbig'],
  ['double', 'ranr decnr'],
  ['float?', 'sgmag1 srmag1 simag1 szmag1 sgscore1 distpsnr1'],
  ['int', 'ndethist ncovhist'],
  ['double?', 'jdstarthist jdendhist scorr'],
  ['int?', 'tooflag'],
  ['long?', 'objectidps1 objectidps2'],
  ['float?', 'sgmag2 srmag2 simag2 szmag2 sgscore2 distpsnr2'],
  ['long?', 'objectidps3'],
  ['float?', 'sgmag3 srmag3 simag3 szmag3 sgscore3 distpsnr3'],
  ['int', 'nmtchps'],
  ['long', 'rfid'],
  ['double', 'jdstartref jdendref'],
  ['int', 'nframesref'],
  ['string', 'rbversion'],
  ['float?', 'dsnrms ssnrms dsdiff magzpsci magzpsciunc magzpscirms'],
  ['int', 'nmatches'],
  [
    'float?',
    'clrcoeff clrcounc zpclrcov zpmed clrmed clrrms neargaia neargaiabright maggaia maggaiabright exptime drb',
  ],
  ['string', 'drbversion'],
]

const PRV_CANDIDATE: Fields = [
  ['double', 'jd'],
  ['int', 'fid'],
  ['long', 'pid'],
  ['float?', 'diffmaglim'],
  ['string?', 'pdiffimfilename programpi'],
  ['int', 'programid'],
  ['long?', 'candid'],
  ['string?', 'isdiffpos'],
  ['long?', 'tblid'],
  ['int?', 'nid rcid field'],
  ['float?', 'xpos ypos'],
  ['double?', 'ra dec'],
  [
    'float?',
    'magpsf sigmapsf chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm classtar mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong',
  ],
  ['int?', 'nneg nbad'],
  ['float?', 'rb ssdistnr ssmagnr'],
  ['string?', 'ssnamenr'],
  ['float?', 'sumrat magapbig sigmagapbig'],
  ['double?', 'ranr decnr scorr'],
  ['float?', 'magzpsci magzpsciunc magzpscirms clrcoeff clrcounc'],
  ['string', 'rbversion'],
]

const FP_HIST: Fields = [
  ['int?', 'field rcid'],
  ['int', 'fid'],
  ['long', 'pid rfid'],
  [
    'float?',
    'sciinpseeing scibckgnd scisigpix magzpsci magzpsciunc magzpscirms clrcoeff clrcounc exptime adpctdif1 adpctdif2 diffmaglim',
  ],
  ['int', 'programid'],
  ['double', 'jd'],
  ['float?', 'forcediffimflux forcediffimfluxunc'],
  ['string?', 'procstatus'],
  ['float?', 'distnr'],
  ['double', 'ranr decnr'],
  ['float?', 'magnr sigmagnr chinr sharpnr'],
]

const typeOf = (type: string): unknown => (type.endsWith('?') ? ['null', type.slice(0, -1)] : type)
const record = (name: string, fields: Fields): object => ({
  type: 'record',
  name: `ztf.alert.${name}`,
  fields: fields.flatMap(([type, names]) => names.split(' ').map(field => ({ name: field, type: typeOf(type) }))),
})
const orNull = (name: string, type: unknown): object => ({ name, type: ['null', type] })
const CUTOUT = record('cutout', [
  ['string', 'fileName'],
  ['bytes', 'stampData'],
])

export const ZTF_SCHEMA: string = JSON.stringify({
  type: 'record',
  name: 'ztf.alert',
  fields: [
    ...['schemavsn', 'publisher', 'objectId'].map(name => ({ name, type: 'string' })),
    { name: 'candid', type: 'long' },
    { name: 'candidate', type: record('candidate', CANDIDATE) },
    orNull('prv_candidates', { type: 'array', items: record('prv_candidate', PRV_CANDIDATE) }),
    orNull('fp_hists', { type: 'array', items: record('fp_hist', FP_HIST) }),
    orNull('cutoutScience', CUTOUT),
    orNull('cutoutTemplate', 'ztf.alert.cutout'),
    orNull('cutoutDifference', 'ztf.alert.cutout'),
  ],
})
