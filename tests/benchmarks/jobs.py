"""All jobs, in the order of the table."""

from tests.benchmarks import decoded, durable, files, others, seven_rules, startup, tables, texts, waiting
from tests.benchmarks.measure import Figure, Job, Measure, Setting

JOBS: tuple[Job, ...] = (
    *decoded.JOBS,
    *files.JOBS,
    *durable.JOBS,
    *others.JOBS,
    *tables.JOBS,
    *waiting.JOBS,
    *texts.JOBS,
    *startup.JOBS,
    *seven_rules.JOBS,
)
MEASURES: tuple[Measure, ...] = tuple(measure for job in JOBS for measure in job.measures)


def take(name: str, setting: Setting) -> dict[str, Figure]:
    """The figures of the job of that name: functions do not travel between processes, names do."""
    return next(job for job in JOBS if job.name == name).take(setting)
