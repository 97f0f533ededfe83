"""What a run will come to, reckoned before it is made: by the services' own prompts, without a call.

Where earlier runs of a leaf have left seals, what they measured stands in for what would be assumed.
"""

from seedbed.estimate.assumptions import Assumptions
from seedbed.estimate.forecast import Forecast, forecast
from seedbed.estimate.history import recall

__all__ = ["Assumptions", "Forecast", "forecast", "recall"]
