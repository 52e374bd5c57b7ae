"""How the conformance score is fitted; the engine imports none of it. `python -m logdrum_engine.scoring_fit`."""
