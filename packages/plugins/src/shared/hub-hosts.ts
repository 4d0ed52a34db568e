/** The Hugging Face hub, and where it redirects for large files. */
export const hubHosts = ['huggingface.co', '*.huggingface.co', '*.hf.co'];
