"""Where glcheck runs: what the runner's environment tells, and how its log is written safely."""
