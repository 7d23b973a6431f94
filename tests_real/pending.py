"""The parts of the program that tests here wait for, and why they fail until then. Take a line out to switch on."""

PENDING = {
    "answers": "speculative RAG does not ask through the chat template yet, and gives no answer",
    "own layers": "train drafter cannot start from the target's own layers yet",
    "early exit": "there is no drafter that leaves the target early yet",
    "cross-tokenizer": "drafters of another tokenizer are refused",
}
