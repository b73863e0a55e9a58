"""`python -m station_ctl` is `station-ctl`.

Knows nothing else."""

from station_ctl.cli import main

if __name__ == "__main__":
    main(prog_name="station-ctl")
