"""The folder of one module: where its results go, and where its trained model is found."""

from dataclasses import dataclass
from pathlib import Path

from gmm_rs._staging import StagedFolder
from gmm_rs._validation import Float64Array
from gmm_rs.serket._files import read_model, write_model, write_texts
from gmm_rs.serket._layout import LAYOUTS, MODEL_FILE, Mode
from gmm_rs.serket._model import Model
from gmm_rs.serket._results import Results

_ADVICE = "run where you may write, or use save_dir= or save=False"


@dataclass(frozen=True)
class ModuleFolder:
    """The folder ``module{number}_{name}`` of a module, in the layout that the module was given."""

    path: Path
    layout: str

    def check_writable(self, mode: Mode, n_learnt: int) -> None:
        """Find out now, before long work, whether results can be written later.

        Raises
        ------
        OSError
            If they cannot.
        """
        with StagedFolder(self._results_folder(mode, n_learnt), advice=_ADVICE):
            pass

    def write(
        self,
        mode: Mode,
        n_learnt: int,
        results: Results,
        *,
        model: Model | None,
        log_likelihoods: Float64Array | None,
        num_threads: int,
    ) -> None:
        """Write the results of one update, the model as the last file; all files or none.

        Parameters
        ----------
        mode : {"learn", "recog"}
        n_learnt : int
            How often the module has learnt before.
        results : Results
        model : Model or None
            What was learnt; None after recognition.
        log_likelihoods : ndarray or None
            Log-likelihood for each iteration, in nats; None after recognition.
        num_threads : int

        Raises
        ------
        OSError
            If they cannot be written; the files of before are in place then.
        """
        names = LAYOUTS[self.layout].text_names(mode)
        with StagedFolder(self._results_folder(mode, n_learnt), advice=_ADVICE) as staged:
            write_texts(staged.path, names, results, log_likelihoods, num_threads=num_threads)
            if model is not None:
                write_model(staged.path, model)
            staged.commit(last=MODEL_FILE, remove=() if results.accuracy is not None else (names.accuracy,))

    def read_model(self) -> Model:
        """Read the model that an earlier run of the module has learnt.

        Raises
        ------
        ModelFileError
            If there is none, or it is not sound.
        """
        return read_model(LAYOUTS[self.layout].model_folder(self.path), reader=self.path.name)

    def _results_folder(self, mode: Mode, n_learnt: int) -> Path:
        return LAYOUTS[self.layout].results_folder(self.path, mode, n_learnt)
