"""The parts of the program that tests here wait for, and why they fail until then. Take a line out to switch on."""

PENDING = {
    "penalties": "decode has no repetition penalty",
}
