"""scripts/check_inlining.py finds the fault that it is there for."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_inlining.py"

KERNEL = """
use std::arch::x86_64::*;

/// a · b + c in the place of c.
#[unsafe(no_mangle)]
%s
pub unsafe fn multiply_add(a: &[f64; 4], b: &[f64; 4], c: &mut [f64; 4]) {
    unsafe {
        let product = _mm256_fmadd_pd(
            _mm256_loadu_pd(a.as_ptr()),
            _mm256_loadu_pd(b.as_ptr()),
            _mm256_loadu_pd(c.as_ptr()),
        );
        _mm256_storeu_pd(c.as_mut_ptr(), product);
    }
}
"""


def check(library):
    return subprocess.run([sys.executable, SCRIPT, library], capture_output=True, encoding="utf-8", check=False)


@pytest.fixture
def build(tmp_path):
    if platform.machine() != "x86_64" or not SCRIPT.exists() or not shutil.which("rustc") or not shutil.which("nm"):
        pytest.skip("needs a clone of the repository, rustc and nm on x86-64")

    def build(attribute, *options):
        source, library = tmp_path / "kernel.rs", tmp_path / "kernel.so"
        source.write_text(KERNEL % attribute, encoding="utf-8")
        command = ["rustc", "--edition=2024", "--crate-type=cdylib", "-O", "-o", library, *options, source]
        subprocess.run(command, check=True)
        return library

    return build


def test_an_intrinsic_without_its_target_feature_is_found(build):
    found = check(build(""))
    assert found.returncode == 1
    assert "_mm256_fmadd_pd is not inlined" in found.stderr
    assert "xgetbv" not in found.stderr


def test_an_intrinsic_with_its_target_feature_passes(build):
    found = check(build('#[target_feature(enable = "avx2,fma")]'))
    assert found.returncode == 0
    assert "all SIMD primitives are inlined" in found.stdout


def test_a_library_without_symbols_does_not_pass(build):
    found = check(build("", "-C", "strip=symbols"))
    assert found.returncode == 1
    assert "has no symbols" in found.stderr


@pytest.mark.parametrize(
    ("symbol", "left"),
    [
        ("core::core_arch::x86::fma::_mm256_fmadd_pd", True),
        ("core::core_arch::x86::xsave::_xgetbv", False),
        ("<pulp::x86::v3::V3 as pulp::Simd>::mul_add_f64s", True),
        ("<pulp::x86::v4::V4>::vectorize::imp::<gmm_core::e_step::Pass>", False),
        ("pulp::x86::v4::V4::vectorize::imp_fastcall", False),
        ("<gmm_core::kernels::lanes::Double<S> as gmm_core::kernels::lanes::Lanes>::mul_add", True),
        ("gmm_core::em::fit", False),
    ],
)
def test_symbols_are_told_apart(symbol, left, monkeypatch):
    if not SCRIPT.exists():
        pytest.skip("needs a clone of the repository")
    monkeypatch.syspath_prepend(SCRIPT.parent)
    from check_inlining import primitives_left

    symbols = f"0000000000051a00 t {symbol}\n                 U {symbol}\n0000000000051b00 d {symbol}\n"
    assert primitives_left(symbols) == ([symbol] if left else [])
