"""A simulated archive cloud on 127.0.0.1, for the demo, the tests and the benchmarks."""

from restoretui.sandbox.faults.scenario import Scenario, list_scenarios, load_scenario
from restoretui.sandbox.server import RunningSandbox, SandboxOptions, serve

__all__ = ["RunningSandbox", "SandboxOptions", "Scenario", "list_scenarios", "load_scenario", "serve"]
