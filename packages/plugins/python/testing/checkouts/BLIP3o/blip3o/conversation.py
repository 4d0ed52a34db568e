"""For tests: the interface of JiuhaiChen/BLIP3o, branch main."""


class Conversation:
    roles = ("<|im_start|>user", "<|im_start|>assistant")

    def __init__(self):
        self.messages = []

    def copy(self):
        return Conversation()

    def append_message(self, role, message):
        self.messages.append((role, message))

    def get_prompt(self):
        [[user, text], [assistant, nothing]] = self.messages
        assert (user, assistant) == self.roles and nothing is None
        return f"{user}\n{text}<|im_end|>\n{assistant}\n"


conv_templates = {"qwen": Conversation()}
