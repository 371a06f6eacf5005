// The records of Rubin's alert schema 11.0 as data: names and types of the fields, in their order on the wire. rubin-schema.ts makes Avro of it.

/** The survey's bands, bluest first. */
export const BANDS = ['u', 'g', 'r', 'i', 'z', 'y'] as const
export type Band = (typeof BANDS)[number]

export type Primitive = 'long' | 'int' | 'float' | 'double' | 'boolean' | 'string'

export interface Field {
  readonly name: string
  readonly type: Primitive
  readonly nullable: boolean
}

const TYPES: readonly string[] = ['long', 'int', 'float', 'double', 'boolean', 'string'] satisfies Primitive[]
const isPrimitive = (text: string): text is Primitive => TYPES.includes(text)

/** One line per run of fields of one type: `type names…`; `type?` may be null. `*` in a name stands for each band in turn. */
const table = (lines: string): readonly Field[] =>
  lines
    .trim()
    .split('\n')
    .flatMap(line => {
      const [head = '', ...names] = line.trim().split(' ')
      const type = head.replace('?', '')
      if (!isPrimitive(type)) throw new Error(`"${line}" does not begin with a type`)
      return names.map(name => ({ name, type, nullable: head.endsWith('?') }))
    })

const perBand = (lines: string, bands: readonly Band[] = BANDS): string =>
  bands.map(band => lines.trim().replaceAll('*', band)).join('\n')

export const DIA_SOURCE = table(`
  long diaSourceId visit
  int detector
  long? diaObjectId ssObjectId parentDiaSourceId
  double midpointMjdTai ra
  float? raErr
  double dec
  float? decErr ra_dec_Cov
  float x
  float? xErr
  float y
  float? yErr
  boolean? centroid_flag
  float? apFlux apFluxErr
  boolean? apFlux_flag apFlux_flag_apertureTruncated isNegative
  float? snr psfFlux psfFluxErr psfLnL psfChi2
  int psfNdata
  boolean? psfFlux_flag psfFlux_flag_edge psfFlux_flag_noGoodPixels
  float? trailFlux trailFluxErr
  double? trailRa
  float? trailRaErr
  double? trailDec
  float? trailDecErr trailLength trailLengthErr trailAngle trailAngleErr trailChi2
  int trailNdata
  boolean? trail_flag_edge
  float? dipoleMeanFlux dipoleMeanFluxErr dipoleFluxDiff dipoleFluxDiffErr dipoleLength dipoleAngle dipoleChi2
  int dipoleNdata
  float? scienceFlux scienceFluxErr
  boolean? forced_PsfFlux_flag forced_PsfFlux_flag_edge forced_PsfFlux_flag_noGoodPixels
  float? templateFlux templateFluxErr ixx iyy ixy ixxPSF iyyPSF ixyPSF
  boolean? shape_flag shape_flag_no_pixels shape_flag_not_contained shape_flag_parent_source
  float? extendedness reliability
  string? band
  boolean? isDipole dipoleFitAttempted
  double timeProcessedMjdTai
  double? timeWithdrawnMjdTai
  int bboxSize
  boolean? pixelFlags pixelFlags_bad pixelFlags_cr pixelFlags_crCenter pixelFlags_edge pixelFlags_nodata
  boolean? pixelFlags_nodataCenter pixelFlags_interpolated pixelFlags_interpolatedCenter pixelFlags_offimage
  boolean? pixelFlags_saturated pixelFlags_saturatedCenter pixelFlags_suspect pixelFlags_suspectCenter
  boolean? pixelFlags_streak pixelFlags_streakCenter pixelFlags_injected pixelFlags_injectedCenter
  boolean? pixelFlags_injected_template pixelFlags_injected_templateCenter glint_trail
`)

export const DIA_FORCED_SOURCE = table(`
  long diaForcedSourceId diaObjectId
  double ra dec
  long visit
  int detector
  float? psfFlux psfFluxErr
  double midpointMjdTai
  float? scienceFlux scienceFluxErr
  string? band
  double timeProcessedMjdTai
  double? timeWithdrawnMjdTai
`)

export const DIA_OBJECT = table(`
  long diaObjectId
  double validityStartMjdTai ra
  float? raErr
  double dec
  float? decErr ra_dec_Cov
  ${perBand(`
  float? *_psfFluxMean *_psfFluxMeanErr *_psfFluxSigma
  int *_psfFluxNdata
  float? *_fpFluxMean *_fpFluxMeanErr`)}
  ${perBand('float? *_scienceFluxMean *_scienceFluxMeanErr')}
  ${perBand('float? *_psfFluxMin *_psfFluxMax *_psfFluxMaxSlope *_psfFluxErrMean')}
  double? firstDiaSourceMjdTai lastDiaSourceMjdTai
  int nDiaSources
`)

export const SS_SOURCE = table(`
  long diaSourceId ssObjectId
  string? designation
  double eclLambda eclBeta galLon galLat
  float? elongation phaseAngle topoRange topoRangeRate helioRange helioRangeRate
  double? ephRa ephDec
  float? ephVmag ephRate ephRateRa ephRateDec ephOffset
  double? ephOffsetRa ephOffsetDec
  float? ephOffsetAlongTrack ephOffsetCrossTrack
  float? helio_x helio_y helio_z helio_vx helio_vy helio_vz helio_vtot
  float? topo_x topo_y topo_z topo_vx topo_vy topo_vz topo_vtot
  int? diaDistanceRank
`)

export const MPC_ORBITS = table(`
  int id
  string designation packed_primary_provisional_designation unpacked_primary_provisional_designation
  string? mpc_orb_jsonb
  long? created_at updated_at
  int? orbit_type_int u_param nopp
  double? arc_length_total arc_length_sel
  int? nobs_total nobs_total_sel
  double? a q e i node argperi peri_time yarkovsky srp a1 a2 a3 dt mean_anomaly period mean_motion
  double? a_unc q_unc e_unc i_unc node_unc argperi_unc peri_time_unc yarkovsky_unc srp_unc a1_unc a2_unc a3_unc
  double? dt_unc mean_anomaly_unc period_unc mean_motion_unc epoch_mjd h g not_normalized_rms normalized_rms earth_moid
  long? fitting_datetime
`)
