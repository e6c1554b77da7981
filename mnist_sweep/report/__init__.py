"""What a study has found, as one page that opens anywhere: report.html."""

from mnist_sweep.report.page import refresh_report, write_comparison, write_report
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.trial import Trial

__all__ = ["Study", "Trial", "read_study", "refresh_report", "write_comparison", "write_report"]
