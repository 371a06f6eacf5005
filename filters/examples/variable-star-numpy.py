import numpy as np


class VariableStar(AlertFilter):
    """The objects that variable-star.js finds, worked out for a whole batch of alerts at once"""

    def filter_batch(self, alerts):
        now, history = alerts.diaSource, alerts.prvDiaSources
        # history.alert tells which alert of the batch an earlier detection belongs to.
        usable = (history.band == now.band[history.alert]) & np.isfinite(history.psfFlux) & (history.psfFluxErr > 0)
        usable &= np.isfinite(history.psfFluxErr)
        alert, flux, weight = history.alert[usable], history.psfFlux[usable], history.psfFluxErr[usable] ** -2.0

        def per_alert(values):
            return np.bincount(alert, values, minlength=len(alerts))

        points, above = per_alert(None), per_alert(flux > 0)
        mean = per_alert(weight * flux) / np.maximum(per_alert(weight), np.finfo(float).tiny)
        chi_square = per_alert(weight * (flux - mean[alert]) ** 2)
        on_both_sides = (above > 0) & (above < points)
        return (history.counts >= 10) & (points >= 5) & on_both_sides & (chi_square > 10 * (points - 1))
