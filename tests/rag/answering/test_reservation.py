"""What a source says with a reservation is not what a claim says without it."""

import pytest

from rag.answering.verification.reservation import reserved


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The valve is leaking.", "The valve might be leaking."),
        ("Das Ventil ist undicht.", "Das Ventil ist möglicherweise undicht."),
        ("The tunnel opened in 2031.", "The tunnel is expected to open in 2031."),
        ("The tunnel opened in 2020.", "The tunnel was originally supposed to open in 2020."),
        ("There is an office in Lisbon.", "We plan to open an office in Lisbon."),
        ("The warranty covers water damage.", "The warranty used to cover water damage."),
        ("Export to Norway is allowed.", "If the licence is renewed, export to Norway is allowed."),
        ("The warranty covers water damage.", "The warranty covers water damage if the seal is intact."),
        ("Die Ausfuhr ist erlaubt.", "Die Ausfuhr ist erlaubt, sofern die Lizenz erneuert wird."),
        ("Everyone gets a discount of 20 percent.", "Only members who have paid get a discount of 20 percent."),
        ("All employees get a car.", "Some employees get a car."),
    ],
)
def test_a_reservation_that_is_left_out_is_missed(claim: str, source: str) -> None:
    assert reserved(claim, source)
    assert not reserved(source, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The valve may be leaking.", "The valve might be leaking."),
        ("The tunnel will open in 2031.", "The tunnel is expected to open in 2031."),
        ("The opening of the tunnel is planned for 2031.", "The tunnel is expected to open in 2031."),
        ("The warranty no longer covers water damage.", "The warranty used to cover water damage."),
        ("Calorimetry measures heat.", "The method used to measure heat is called calorimetry."),
        ("The valve was replaced in May.", "The valve was replaced in May and might leak again."),
        ("The valve was replaced in May.", "It might rain, but the valve was replaced in May."),
        ("Employees must ask before they travel.", "Anyone who plans to travel must ask the manager."),
        ("Ill employees must tell their manager.", "If an employee is ill, they must tell their manager."),
        ("Export is allowed once the licence is renewed.", "If the licence is renewed, export is allowed."),
        ("Contact HR at hr@example.com.", "If you have questions, contact HR at hr@example.com."),
        ("Members get a discount.", "Only members get a discount."),
        ("All employees get a car.", "Employees get a car."),
        ("All days may be carried over.", "All days may be carried over, except some holidays."),
        ("", ""),
    ],
)
def test_what_is_kept_or_is_about_something_else_is_no_reservation(claim: str, source: str) -> None:
    assert not reserved(claim, source)
