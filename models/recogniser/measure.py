"""How well a recogniser names crops of held-out pictures, and how well its confidence is calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.evaluation.naming_figures import calibration_error
from smartcart.models.recogniser.cut import NAMES, Crops

Floats = NDArray[np.float32]

AT_ONCE: Final = 256
TEMPERATURES: Final = np.geomspace(0.5, 3.0, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A network's output for crops: ``scores`` before the softmax ``[N, names]``, and the number of the true name."""

    scores: Floats
    truth: NDArray[np.int64]

    def likelihoods(self, temperature: float) -> Floats:
        raised = np.exp((self.scores - self.scores.max(1, keepdims=True)) / temperature)
        return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.scores.argmax(1) == self.truth)


def answers(network: Any, crops: Crops) -> Answers:
    """Runs every crop through the network, in inference mode."""
    import torch

    network.eval()
    device = next(network.parameters()).device
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(crops.pixels[i : i + AT_ONCE]).to(device).float() / 255).float().cpu().numpy()
            for i in range(0, len(crops), AT_ONCE)
        ]
    return Answers(scores=np.concatenate(parts), truth=crops.names)


def fitted_temperature(said: Sequence[Answers]) -> float:
    """The divisor of the scores that maximises the likelihood of the truth; each source counts alike.

    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (2017).
    """
    if not said:
        return 1.0

    def loss(temperature: float) -> float:
        rows = [one.likelihoods(temperature)[np.arange(len(one.truth)), one.truth] for one in said]
        return float(np.mean([-np.log(np.maximum(row, 1e-9)).mean() for row in rows]))

    return float(min(TEMPERATURES, key=loss))


def figures(said: Answers, temperature: float) -> Mapping[str, Any]:
    """The share named correctly, also by label, and the expected calibration error."""
    likely = said.likelihoods(temperature)
    sure = zip(likely.max(1).tolist(), said.right.tolist(), strict=True)
    by_label = {
        NAMES[n]: {"crops": int((said.truth == n).sum()), "right": round(float(said.right[said.truth == n].mean()), 4)}
        for n in sorted(set(said.truth.tolist()))
    }
    return {
        "crops": len(said.truth),
        "right": round(float(said.right.mean()), 4),
        "calibration_error": round(calibration_error(list(sure)) or 0.0, 4),
        "by_label": by_label,
    }
