"""What is written where, and that a set of files is replaced as a whole or not at all."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gmm_rs import GMM, ModelFileError, NonFiniteError, _core
from gmm_rs import serket as srk
from gmm_rs._staging import StagedFolder

pytestmark = pytest.mark.usefixtures("fresh_numbers")


def updated(data, **parameters):
    """Update a GMM, which writes into the working folder, once."""
    gmm = GMM(3, **{"random_state": 0} | parameters)
    gmm.connect(srk.Observation(data))
    gmm.update()
    return gmm


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


# Names and formats ---------------------------------------------------------------------------------------------------


def test_flat_layout_has_the_files_of_the_documentation_page(blobs):
    data, truth = blobs
    gmm = updated(data, category=truth)
    folder = Path("module000_gmm")
    learnt = {"Pdz_learn.txt", "mu_learn.txt", "class_learn.txt", "acc_learn.txt", "model.pickle"}
    assert set(contents(folder)) == learnt
    gmm.mode = "recog"
    gmm.update()
    recognised = {"Pdz_recog.txt", "mu_recog.txt", "class_recog.txt", "acc_recog.txt"}
    assert set(contents(folder)) == learnt | recognised
    assert names() == ["module000_gmm"]


def test_numbered_layout_has_a_folder_for_each_learning_update(blobs):
    data, truth = blobs
    gmm = updated(data, category=truth, layout="numbered")
    gmm.update()
    gmm.mode = "recog"
    gmm.update()
    texts = {"Pdz.txt", "mu.txt", "class.txt", "acc.txt"}
    learnt = texts | {"liklihood.txt", "model.pickle"}
    assert names("module000_gmm") == ["000", "001", "recog"]
    assert set(contents("module000_gmm/000")) == set(contents("module000_gmm/001")) == learnt
    assert set(contents("module000_gmm/recog")) == texts


def test_files_say_what_the_attributes_say(blobs):
    data, truth = blobs
    category = np.array([9, 4, -2])[truth]
    gmm = updated(data[:-3], category=category[:-3], layout="numbered")
    folder = Path("module000_gmm/000")
    np.testing.assert_array_equal(np.loadtxt(folder / "mu.txt"), gmm.means_[gmm.labels_])
    np.testing.assert_allclose(np.loadtxt(folder / "Pdz.txt"), gmm.get_forward_msg(), atol=5e-7)
    np.testing.assert_allclose(np.loadtxt(folder / "liklihood.txt"), gmm.log_likelihoods_, atol=5e-7)
    assert (folder / "acc.txt").read_text() == "1.000000\n"
    classes = np.loadtxt(folder / "class.txt")
    assert np.mean(classes == category[:-3]) == gmm.accuracy_


def test_formats_of_the_text_files(blobs):
    data, truth = blobs
    gmm = updated(data, category=truth)
    folder = Path("module000_gmm")
    expected = {
        "Pdz_learn.txt": (gmm.get_forward_msg(), "%f"),
        "mu_learn.txt": (gmm.means_[gmm.labels_], "%.18e"),
        "class_learn.txt": (truth, "%d"),
        "acc_learn.txt": ([1.0], "%f"),
    }
    for name, (values, text_format) in expected.items():
        np.savetxt("expected.txt", values, fmt=text_format)
        assert (folder / name).read_bytes() == Path("expected.txt").read_bytes(), name


def test_classes_keep_their_numbers_without_categories(blobs):
    gmm = updated(blobs[0])
    np.testing.assert_array_equal(np.loadtxt("module000_gmm/class_learn.txt"), gmm.labels_)
    assert not Path("module000_gmm/acc_learn.txt").exists()


def test_an_accuracy_of_the_past_does_not_stay(blobs):
    data, truth = blobs
    gmm = updated(data, category=truth)
    gmm.category = None
    gmm.update()
    assert not Path("module000_gmm/acc_learn.txt").exists()


def test_nothing_is_written_without_save(blobs):
    updated(blobs[0], save=False)
    assert names() == []


def test_save_dir_takes_the_folder_of_the_module(blobs):
    data, _ = blobs
    learner = updated(data, save_dir="deep/results")
    assert names("deep/results") == ["module000_gmm"]
    recogniser = GMM(3, mode="recog", save_dir="deep/results")
    Path("deep/results/module000_gmm").rename(f"deep/results/{recogniser.get_name()}")
    recogniser.connect(srk.Observation(data))
    recogniser.update()
    np.testing.assert_array_equal(recogniser.labels_, learner.labels_)


# Finding the model ---------------------------------------------------------------------------------------------------


def test_load_dir_recognises_and_writes_as_newer_versions_of_serket(blobs):
    data, truth = blobs
    learner = updated(data, layout="numbered")
    recogniser = updated(data, load_dir="module000_gmm/000", category=truth)
    assert recogniser.mode == "recog"
    np.testing.assert_array_equal(recogniser.get_forward_msg(), learner.get_forward_msg())
    assert set(contents("module002_gmm/recog")) == {"Pdz.txt", "mu.txt", "class.txt", "acc.txt"}


def test_load_dir_with_the_flat_layout(blobs):
    data, _ = blobs
    updated(data)
    updated(data, load_dir=Path("module000_gmm"), layout="flat")
    assert set(contents("module002_gmm")) == {"Pdz_recog.txt", "mu_recog.txt", "class_recog.txt"}


def test_numbered_recognition_takes_the_model_written_last(blobs):
    data, _ = blobs
    learner = updated(data, layout="numbered")
    for _ in range(3):
        learner.update()
    for number, time in (("000", 50), ("001", 70), ("002", 60), ("003", 40)):  # 002 and 003: of a longer run before
        os.utime(f"module000_gmm/{number}/model.pickle", (time, time))
    Path("module000_gmm/002/model.pickle").write_bytes(b"never read")
    os.utime("module000_gmm/002/model.pickle", (60, 60))
    recogniser = GMM(3, mode="recog", layout="numbered")
    Path("module000_gmm").rename(recogniser.get_name())
    recogniser.connect(srk.Observation(data))
    recogniser.update()
    np.testing.assert_array_equal(recogniser.labels_, learner.labels_)


def test_a_missing_load_dir_is_named(blobs):
    with pytest.raises(ModelFileError, match=r"in the folder nowhere: there is no /.*nowhere/model.pickle"):
        updated(blobs[0], load_dir="nowhere")
    assert names() == []


# All or nothing ------------------------------------------------------------------------------------------------------


class Interrupted(BaseException):
    """Stands for Ctrl-C, which is no Exception."""


@pytest.mark.parametrize("error", [OSError, Interrupted])
@pytest.mark.parametrize("step", range(6))
def test_an_error_while_moving_files_leaves_the_old_set(blobs, monkeypatch, step, error):
    data, truth = blobs
    gmm = updated(data, category=truth)
    before = contents("module000_gmm")
    gmm.connect(srk.Observation(data + 1.0))
    moved, real = [], os.replace

    def failing(source, target):
        if len(moved) == step:
            moved.append(None)
            raise error
        moved.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    if step < 5:
        with pytest.raises(error):
            gmm.update()
        assert contents("module000_gmm") == before
    else:
        gmm.update()
        assert Path(moved[-1]).name == "model.pickle"
        assert contents("module000_gmm") != before
    assert names() == ["module000_gmm"]


@pytest.mark.parametrize("step", range(4))
def test_an_error_while_writing_leaves_the_old_set(blobs, monkeypatch, step):
    data, truth = blobs
    gmm = updated(data, category=truth)
    before = contents("module000_gmm")
    calls, real = [], _core.write_text

    def failing(path, *args, **kwargs):
        calls.append(path)
        if len(calls) > step:
            Path(path).write_bytes(b"half a fi")
            raise OSError("disk full")
        real(path, *args, **kwargs)

    monkeypatch.setattr(_core, "write_text", failing)
    with pytest.raises(OSError, match="disk full"):
        gmm.update()
    assert contents("module000_gmm") == before


def test_a_failed_first_update_leaves_no_folder():
    with pytest.raises(NonFiniteError):
        updated(np.full((5, 2), np.nan), layout="numbered", save_dir="results")
    assert names() == []


KILLED = """
    import os, signal, sys
    import numpy as np
    from gmm_rs import GMM, serket as srk

    layout, step = sys.argv[1], int(sys.argv[2])
    data = np.load("data.npy")
    obs = srk.Observation(data)
    gmm = GMM(3, random_state=0, layout=layout, category=np.zeros(len(data)))
    gmm.connect(obs)
    gmm.update()
    obs.set_forward_msg(data + 1.0)

    steps = 0
    def dying(function):
        def call(*args, **kwargs):
            global steps
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1
            return function(*args, **kwargs)
        return call

    for name in ("mkdir", "link", "rename", "replace", "unlink"):
        setattr(os, name, dying(getattr(os, name)))
    gmm.update()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a way to kill a process at once")
@pytest.mark.parametrize("layout", ["flat", "numbered"])
def test_a_kill_leaves_whole_files_and_the_model_last(blobs, tmp_path, layout):
    """Kill an update at every change to the file system; the update before it was complete."""

    def update_twice(folder, killed_at):
        folder.mkdir()
        np.save(folder / "data.npy", blobs[0])
        script = [sys.executable, "-c", textwrap.dedent(KILLED), layout, str(killed_at)]
        code = subprocess.run(script, cwd=folder, check=False).returncode
        sets = [contents(path) for path in sorted(folder.rglob("*")) if path.name in ("module001_gmm", "000", "001")]
        return code, [
            {name: data for name, data in found.items() if "/" not in name and ".staged" not in name} for found in sets
        ]

    _, complete = update_twice(tmp_path / "complete", -1)
    new, killed_at, code = complete[-1], 0, None
    while code != 0:
        code, sets = update_twice(tmp_path / str(killed_at), killed_at)
        assert code in (0, -signal.SIGKILL)
        if layout == "numbered":  # a folder of its own for each update: there or not
            assert sets in (complete[:-1], complete)
        else:
            (found,) = sets
            assert all(found.values())
            assert set(found) == set(new)
            assert found["model.pickle"] != new["model.pickle"] or found == new
        killed_at += 1
    assert sets == complete
    assert killed_at > 3


def test_what_a_killed_process_left_is_removed_after_a_day(blobs):
    gmm = updated(blobs[0])
    recent, old = Path("module000_gmm/.staged-1-a"), Path("module000_gmm/.staged-2-b")
    for folder in (recent, old):
        folder.mkdir()
        (folder / "Pdz_learn.txt").write_text("half")
    os.utime(old / "Pdz_learn.txt", (0, 0))
    os.utime(old, (0, 0))
    gmm.update()
    assert recent.exists()
    assert not old.exists()


def test_a_place_that_cannot_be_written_to_is_noticed_before_training(blobs, monkeypatch):
    Path("module000_gmm").write_text("a file where the folder should be")
    monkeypatch.setattr(_core, "fit", None)
    with pytest.raises(OSError, match=r"cannot write into the folder module000_gmm \(/.*save_dir= or save=Fal"):
        updated(blobs[0])
    assert Path("module000_gmm").is_file()


def test_staging_without_hard_links(monkeypatch):
    monkeypatch.setattr(os, "link", None)
    monkeypatch.setattr(Path, "hardlink_to", lambda self, target: (_ for _ in ()).throw(OSError("no links here")))
    target = Path("target")
    for text in ("old", "new"):
        with StagedFolder(target, advice="use another folder") as staged:
            (staged.path / "file").write_text(text)
            staged.commit()
        assert contents(target) == {"file": text.encode()}


def test_committing_replaces_only_its_own_files():
    target = Path("target")
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    with StagedFolder(target, advice="use another folder") as staged:
        (staged.path / "file").write_text("new")
        staged.commit()
    assert contents(target) == {"file": b"new", "notes.txt": b"mine"}
